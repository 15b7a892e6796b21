/**
 * Request ids survive a snapshot: a member that knows of a request only by the snapshot of another
 * gives its retry the stored answer, as leader of those that had never led (catalogue 20–24, 39;
 * thesis §6.3).
 */

import { expect, it } from 'vitest'
import { Chance } from './chance.js'
import { Coverage } from './coverage.js'
import { SimulatedCluster } from './simulated-cluster.js'
import type { SimulatedMember } from './simulated-member.js'
import { World } from './world.js'

const REQUEST = { id: 'the-request', issuedAtRevision: 1 }
/** More than are kept of a log that is cut. */
const OTHER_WRITES = 60
const PATIENCE_MS = 30_000

class Scenario {
  readonly world = new World(new Chance('exactly once'))
  readonly coverage = new Coverage()
  readonly cluster = new SimulatedCluster({
    world: this.world,
    size: 3,
    timing: { tickMs: 50, heartbeatTicks: 1, electionTicks: 10 },
    conditions: { minDelayMs: 0.2, meanDelayMs: 1, loss: 0, repetition: 0, isOrdered: true },
    clockOf: () => ({ rate: 1, offsetMs: 0 }),
    ...{ checkpointMs: 300, keptEntries: 5, diskMs: 1 },
  })

  constructor() {
    this.cluster.observe(this.coverage)
    this.cluster.start()
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const isMet = await this.world.run(this.world.nowMs + PATIENCE_MS, condition)
    if (!isMet) throw new Error(`waited in vain for ${what}`)
  }

  async leader(): Promise<SimulatedMember> {
    await this.until('a leader', () => this.cluster.leader !== undefined)
    return this.cluster.leader!
  }

  async outcomeOf<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = promise.finally(() => (isSettled = true))
    settled.catch(() => undefined)
    await this.until('an outcome', () => isSettled)
    return settled
  }

  put(at: SimulatedMember, key: string, requestId?: typeof REQUEST): Promise<unknown> {
    const [keyBytes, value] = [Buffer.from(key), Buffer.from('v')]
    const flags = { prevKv: false, ignoreValue: false, ignoreLease: false }
    const operation = { type: 'put', key: keyBytes, value, lease: '0', ...flags } as const
    const command = { type: 'kv', operation } as const
    return this.outcomeOf(at.member!.node.propose(command, { timeoutMs: 5_000, requestId }))
  }
}

it('a retry is answered by who knows of the request only by a snapshot', async () => {
  const scenario = new Scenario()
  const { cluster, coverage } = scenario
  const leader = await scenario.leader()
  const away = cluster.members.find((member) => member !== leader)!
  away.crash('power')
  const first = await scenario.put(leader, 'a', REQUEST)
  for (let other = 0; other < OTHER_WRITES; other += 1) await scenario.put(leader, `k${other}`)
  await scenario.until('the log to be cut', () => leader.storage!.log.firstIndex() > 20)
  away.start()
  await scenario.until('the snapshot', () => coverage.counts.restores > 0)
  await scenario.outcomeOf(leader.member!.node.members.transferLeadership(away.id, 5_000))
  leader.crash('power')
  expect(await scenario.put(await scenario.leader(), 'a', REQUEST)).toEqual(first)
  expect(cluster.leader).toBe(away)
  const { kvs } = away.storage!.state.range({
    ...{ type: 'range', key: Buffer.from('a'), rangeEnd: new Uint8Array(), limit: 0, revision: 0 },
    ...{ sortOrder: 'none', sortTarget: 'key', keysOnly: false, countOnly: false },
    ...{ minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 },
  })
  expect(kvs.map(({ version }) => version)).toEqual([1])
  for (const member of cluster.members) member.crash('power')
})
