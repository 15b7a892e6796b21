import { spawnSync } from 'node:child_process'
import { connect } from '@holdfast/client'
import { etcdCommand, startProcessCluster } from '@holdfast/testkit'
import { describe, expect, test } from 'vitest'

const { stdout, stderr } = spawnSync('etcd', ['--help'], { encoding: 'utf8' })
/** Experimental before etcd 3.6; undefined where no etcd is installed. */
const [flag] = /--(?:experimental-)?watch-progress-notify-interval/.exec(`${stdout}${stderr}`) ?? []

describe.skipIf(flag === undefined)('on a real etcd that tells progress often', () => {
  test('a watch that asks for it has seen everything up to there', async () => {
    const cluster = await startProcessCluster({
      size: 1,
      memberCommand: (spec) => {
        const { command, args } = etcdCommand(spec)
        return { command, args: [...args, flag!, '50ms'] }
      },
    })
    const client = connect({ endpoints: cluster.endpoints })
    try {
      const { revision } = await client.kv.put('watched', '0')
      const written = [revision]
      const write = async (): Promise<void> => {
        for (let count = 0; count < 10; count++) {
          written.push((await client.kv.put('watched', String(count))).revision)
          await client.kv.put('other', 'x')
        }
      }
      let writing = Promise.resolve()
      const delivered: number[] = []
      const told: number[] = []
      const options = { fromRevision: revision, progress: true, timeoutMs: 10_000 }
      for await (const batch of client.watch('watched', options)) {
        if (batch.events.length > 0) {
          delivered.push(batch.revision)
          continue
        }
        await writing
        expect(delivered).toEqual(written.filter((one) => one <= batch.revision))
        if (told.push(batch.revision) === 5) break
        writing = write()
      }
      expect(told).toEqual([...told].sort((left, right) => left - right))
      // What the watch does not cover counts, too.
      expect(told.at(-1)).toBeGreaterThan(delivered.at(-1)!)
      expect(delivered.length).toBeGreaterThan(20)
    } finally {
      await client.close()
      await cluster.close()
    }
  })
})
