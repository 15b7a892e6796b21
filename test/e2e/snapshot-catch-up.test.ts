/**
 * A member that was away for so long that the others have cut their logs is given their state as a
 * snapshot (Raft §7; catalogue 39, 41–43), while the cluster goes on.
 */

import { serveCommand, startProcessCluster } from '@holdfast/testkit'
import { expect, it, onTestFinished, vi } from 'vitest'
import { connectTo } from './connect-to.js'
import { settledContents } from './member-content.js'
import { metric } from './member-metric.js'

const CATCH_UP_ENTRIES = 50
/** A checkpoint of the state comes before a cut, and is made every 10 s. */
const CUT_MS = 40_000

it('a member that was away is caught up by a snapshot, and its watches go on', async () => {
  const flags = ['--snapshot-catchup-entries', String(CATCH_UP_ENTRIES)]
  const cluster = await startProcessCluster({ memberCommand: serveCommand(import.meta.url, flags) })
  onTestFinished(() => cluster.close())
  const leader = await cluster.leader()
  const [away, other] = cluster.members.filter((member) => member !== leader)
  const holdfast = connectTo([leader, other!])
  const { leaseId } = await holdfast.session()
  await holdfast.kv.put('held', 'x', { lease: leaseId })
  await away!.kill()

  const seen: number[] = []
  const { revision } = await holdfast.kv.put('watched/0', 'first')
  // It asks a member that is away for as long as it takes to cut the logs.
  const patient = connectTo([away!], { requestTimeoutMs: 2 * CUT_MS })
  const watching = (async () => {
    const changes = patient.watch({ prefix: 'watched/' }, { fromRevision: revision })
    for await (const batch of changes) {
      seen.push(batch.revision)
      if (batch.events.some(({ entry }) => entry.key === 'watched/last')) return
    }
  })()
  for (let at = 1; at <= 600; at += 1) {
    await holdfast.kv.put(at % 3 === 0 ? `watched/${at}` : `k${at % 40}`, `${at}`)
  }
  await vi.waitUntil(async () => (await metric(leader, 'holdfast_log_first_index')) > 100, CUT_MS)

  away!.start()
  await cluster.healthy(away!)
  expect(await metric(away!, 'holdfast_snapshots_installed_total')).toBeGreaterThanOrEqual(1)
  await holdfast.kv.put('watched/last', 'last')
  await watching
  expect(seen.length).toBe(202)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  const [caughtUp, original] = await settledContents([away!.clientUrl, leader.clientUrl])
  expect(caughtUp).toEqual(original)

  // It is a member like any other again: with the leader gone, it is needed for the quorum.
  await leader.kill()
  await connectTo([away!, other!]).kv.put('after', 'y')
  expect((await connectTo([away!]).kv.get('after'))?.text()).toBe('y')
})
