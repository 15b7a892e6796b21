/**
 * SQLite copies the WAL into a database and deletes it when the last connection is closed, and would
 * do so behind the back of the checksums of the pages. Whatever has gone wrong, what is left is what
 * a kill would have left, and the next start finds no damage.
 */

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { STATE_MIGRATIONS } from './state-migrations.js'
import { logAndApply, newDirectory, open, OPTIONS, putAt } from './storage.test-support.js'

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))

/** A member with 20 puts, which was stopped in order, so that there are checksums of its pages. */
async function stoppedMember(): Promise<string> {
  const directory = newDirectory()
  const storage = await open(directory)
  await logAndApply(storage, puts(1, 20))
  await storage.close()
  return directory
}

function puts(first: number, count: number): ReturnType<typeof putAt>[] {
  return Array.from({ length: count }, (_, at) => putAt(first + at, `key ${first + at}`))
}

it('a last checkpoint that fails at a stop leaves a state that is no damage', async () => {
  const directory = await stoppedMember()
  const reasons: Error[] = []
  const storage = await open(directory, { onFatal: (error) => void reasons.push(error) })
  await logAndApply(storage, puts(21, 20))
  const { hash } = storage.state.hash()
  // The checksums cannot be saved, as on a full disk.
  mkdirSync(join(directory, 'state.sums.new'))
  await storage.close()
  expect(reasons.map(({ message }) => message)).toEqual([
    expect.stringContaining('the state can no longer be made durable') as string,
  ])
  rmSync(join(directory, 'state.sums.new'), { recursive: true })
  expect((await open(directory)).state.hash().hash).toBe(hash)
})

it('a stop in order leaves no WAL', async () => {
  const directory = await stoppedMember()
  const left = readdirSync(directory).filter((name) => name.startsWith('state'))
  expect(left.sort()).toEqual(['state.db', 'state.sums'])
})

it('a start that fails beside a WAL leaves a state that is no damage', async () => {
  const directory = await stoppedMember()
  // A newer program was killed: its format is in the WAL.
  const newer = new Database(join(directory, 'state.db'))
  newer.pragma('user_version = 99')
  const [wal, database] = ['state.db-wal', 'state.db'].map((name) => join(directory, name))
  const kept = { wal: readFileSync(wal!), database: readFileSync(database!) }
  newer.close()
  writeFileSync(database!, kept.database)
  writeFileSync(wal!, kept.wal)

  for (let starts = 1; starts <= 2; starts += 1) {
    await expect(open(directory)).rejects.toMatchObject({ code: 'formatTooNew' })
  }
  const again = new Database(database)
  expect(again.pragma('user_version', { simple: true })).toBe(99)
  again.pragma(`user_version = ${STATE_MIGRATIONS.length}`)
  again.close()
})

/** Its checkpoints fail. As an embedding program may, it stops and lets the process end by itself. */
const FAILING = `
  import { mkdirSync } from 'node:fs'
  import { openStorage } from '${DIST}storage/open-storage.js'
  const [directory, options] = process.argv.slice(1)
  const storage = await openStorage({
    ...JSON.parse(options),
    directory,
    onFatal: (error) => {
      console.log(error.message)
      process.exitCode = 3
      void storage.close()
    },
    checkpointLimits: { walBytes: 1e9, intervalMs: 1 },
  })
  mkdirSync(directory + '/state.sums.new')
  const none = Buffer.alloc(0)
  const entries = [{ index: 21, term: 1, kind: 'noop', data: none }]
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false }
  const operation = { type: 'put', key: Buffer.from('k'), value: none, lease: '0', ...flags }
  const command = { type: 'kv', operation }
  const proposal = { origin: 'test', sequence: 21, requestId: undefined, command }
  storage.log.append({ hardState: undefined, entries }, () => {
    storage.state.apply([{ index: 21, term: 1, proposal }])
  })
`

it('a process that ends by itself when its checkpoints have failed leaves one, too', async () => {
  const directory = await stoppedMember()
  const { identity, membership } = OPTIONS
  const options = JSON.stringify({ identity, membership })
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', FAILING, directory, options],
    { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const code = await new Promise((resolve) => child.once('exit', resolve))
  expect([code, said]).toEqual([3, expect.stringContaining('can no longer be made durable')])
  rmSync(join(directory, 'state.sums.new'), { recursive: true })
  expect((await open(directory)).state.appliedIndex).toBe(21)
})
