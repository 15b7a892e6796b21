/**
 * A state of many megabytes on its way to a member that was away, over connections that keep breaking:
 * it goes on where it broke off, and the cluster goes on meanwhile (Raft §7; catalogue 39–42).
 */

import { serveCommand, startFaultyCluster } from '@holdfast/testkit'
import { expect, it, onTestFinished, vi } from 'vitest'
import { connectTo } from './connect-to.js'
import { settledContents } from './member-content.js'
import { metric } from './member-metric.js'
import { startPutLoad } from './put-load.js'

const CATCH_UP_ENTRIES = 50
/** A checkpoint of the state comes before a cut, and is made every 10 s. */
const CUT_MS = 40_000
const VALUE = 'x'.repeat(100_000)
const VALUES = 400
const STATE_BYTES = VALUES * VALUE.length
const BREAKS = 6

it('a snapshot whose stream breaks again and again arrives, once, while writes go on', async () => {
  const flags = ['--snapshot-catchup-entries', String(CATCH_UP_ENTRIES)]
  const faulty = await startFaultyCluster({ memberCommand: serveCommand(import.meta.url, flags) })
  onTestFinished(() => faulty.close())
  const { cluster, network } = faulty
  const leader = await cluster.leader()
  const [away, other] = cluster.members.filter((member) => member !== leader)
  const { kv } = connectTo([leader, other!])
  await away!.kill()
  const puts = Array.from({ length: VALUES }, (_, at) => kv.put(`large/${at}`, VALUE))
  await Promise.all(puts)
  const load = startPutLoad([leader.clientUrl, other!.clientUrl])
  await vi.waitUntil(
    async () => (await metric(leader, 'holdfast_log_first_index')) > VALUES,
    CUT_MS,
  )
  const term = (await cluster.leader()) === leader ? await metric(leader, 'holdfast_raft_term') : -1

  const pair = { from: leader.name, to: away!.name }
  const passed = (): number => network.counters(pair).passedBytes
  const before = passed()
  away!.start()
  for (let breaks = 1; breaks <= BREAKS; breaks += 1) {
    const due = before + (breaks * STATE_BYTES) / (BREAKS + 1)
    await vi.waitUntil(() => passed() >= due, { timeout: CUT_MS, interval: 1 })
    network.reset(pair)
  }
  const acknowledged = load.acknowledged.size
  await cluster.healthy(away!)
  expect(await metric(away!, 'holdfast_snapshots_installed_total')).toBe(1)
  // Sent from the beginning each time, it would have been three times as much and more.
  expect(passed() - before).toBeLessThan(1.6 * STATE_BYTES)
  expect(network.counters(pair).resetConnections).toBeGreaterThanOrEqual(BREAKS)

  await load.more(50)
  await load.stop()
  expect(load.acknowledged.size).toBeGreaterThan(acknowledged)
  expect(await metric(leader, 'holdfast_raft_term')).toBe(term)
  const [caughtUp, original] = await settledContents([away!.clientUrl, leader.clientUrl])
  expect(caughtUp).toEqual(original)
}, 180_000)
