/**
 * One run, as its plan says: first a time of faults in which nothing wrong may ever happen, then a time
 * without any, in which a majority must bring everything that waits to an end, and then all must agree
 * (TigerBeetle's VOPR: safety, then liveness).
 */

import { checkLinearizability } from '../history/linearizability.js'
import { kvModel } from '../history/kv-model.js'
import { checkRevisions } from '../history/revision-sweep.js'
import { changeOf } from './changes.js'
import { Chance } from './chance.js'
import { check } from './check.js'
import { ClientFleet } from './client-fleet.js'
import { Coverage } from './coverage.js'
import { CrashPoints } from './faults/crash-points.js'
import { AcknowledgedIsDurable } from './invariants/acknowledged-is-durable.js'
import { CommittedIsDurable } from './invariants/committed-is-durable.js'
import { ElectionSafety } from './invariants/election-safety.js'
import { EqualStates } from './invariants/equal-states.js'
import { checkQueueContent } from './invariants/queue-content.js'
import { PatientFollowers } from './invariants/patient-followers.js'
import { checkExactlyOnce } from './invariants/exactly-once.js'
import { LeaderCompleteness } from './invariants/leader-completeness.js'
import { LeasedKeys } from './invariants/leased-keys.js'
import { LogMatching } from './invariants/log-matching.js'
import { MonotonicMembers } from './invariants/monotonic-members.js'
import { Ledger } from './ledger.js'
import { Nemesis } from './nemesis.js'
import type { Plan } from './plan.js'
import { createRecords, type RunRecords } from './run-records.js'
import { SimulatedCluster } from './simulated-cluster.js'
import type { SimulatedMember } from './simulated-member.js'
import { World } from './world.js'

/** What a run has seen: one that never reaches the rare states proves nothing. */
export interface RunReport {
  readonly seed: number
  readonly traceHash: string
  readonly counts: Readonly<Record<string, number>>
}

/** Elections, retries and sessions that have to expire first are all over by then. */
const LIVENESS_MS = 60_000
const LEADER_WITHIN_ELECTION_TIMEOUTS = 10

/** @throws what was violated */
export async function runPlan(plan: Plan): Promise<RunReport> {
  const run = new Run(plan)
  try {
    return await run.run()
  } finally {
    run.close()
  }
}

class Run {
  readonly #plan: Plan
  readonly #world: World
  readonly #cluster: SimulatedCluster
  readonly #ledger: Ledger
  readonly #records: RunRecords
  readonly #clients: ClientFleet
  readonly #nemesis: Nemesis
  readonly #crashPoints = new CrashPoints()
  readonly #coverage = new Coverage()
  readonly #elections = new ElectionSafety()
  readonly #states = new EqualStates()
  readonly #afterEvent: MonotonicMembers

  constructor(plan: Plan) {
    const chance = new Chance(`run ${plan.seed}`)
    this.#plan = plan
    this.#world = new World(chance)
    this.#cluster = new SimulatedCluster({
      world: this.#world,
      ...{ size: plan.size, timing: plan.timing, conditions: plan.conditions },
      ...{ checkpointMs: plan.checkpointMs, keptEntries: plan.keptEntries },
      leaseCheckpointMs: plan.leaseCheckpointMs,
      diskMs: plan.diskMs,
      clockOf: (host) => drawClock(chance.stream('clock', host), plan.clockSkew),
    })
    const nowMs = (): number => this.#world.nowMs
    this.#ledger = new Ledger(nowMs)
    this.#records = createRecords(this.#ledger, nowMs)
    this.#records.leases.fastestRate = 1 + plan.clockSkew
    const members = () => this.#cluster.members
    this.#afterEvent = new MonotonicMembers(members)
    new CommittedIsDurable(this.#ledger, members)
    checkExactlyOnce(this.#ledger)
    this.#cluster.observe(
      ...[this.#ledger, this.#elections, this.#states, this.#afterEvent],
      ...[new LogMatching(), new AcknowledgedIsDurable(), new LeaderCompleteness(this.#ledger)],
      ...[new PatientFollowers(plan.timing), this.#crashPoints, this.#coverage],
    )
    const { sessionTtlSeconds } = plan
    const [cluster, records] = [this.#cluster, this.#records]
    this.#clients = new ClientFleet({ cluster, records, sessionTtlSeconds })
    this.#nemesis = new Nemesis({
      ...{ cluster, clients: this.#clients, crashPoints: this.#crashPoints },
      chance: chance.stream('faults'),
    })
    const leasedKeys = new LeasedKeys(this.#ledger)
    this.#world.afterEvent = () => {
      this.#afterEvent.afterEvent()
      leasedKeys.afterEvent()
      this.#records.sessions.afterEvent()
    }
  }

  async run(): Promise<RunReport> {
    const { clients, faults, safetyMs } = this.#plan
    this.#cluster.start()
    for (const client of clients) this.#clients.start(client)
    this.#nemesis.schedule(faults)
    await this.#world.run(safetyMs)
    this.#nemesis.end()
    this.#clients.end()
    const dead = this.#minority()
    for (const member of dead) member.crash('power')
    await this.#becomeWell()
    for (const member of dead) member.start()
    await this.#until('all to agree', LIVENESS_MS, () => this.#hasLeader && this.#areEqual)
    await this.#checkEnd()
    return { seed: this.#plan.seed, traceHash: this.#world.traceHash(), counts: this.#counts() }
  }

  close(): void {
    for (const member of this.#cluster.members) member.crash('power')
  }

  /** Some that stay away at first: a majority is enough. Whose majority, is open during a change. */
  #minority(): readonly SimulatedMember[] {
    const { faults, size } = this.#plan
    if (faults.some(({ kind }) => kind === 'memberJoins' || kind === 'memberLeaves')) return []
    const chance = this.#world.chance.stream('minority')
    return chance.sample(this.#cluster.members, chance.below(Math.ceil(size / 2)))
  }

  /** Without those who stay away. */
  get #healed(): readonly SimulatedMember[] {
    return this.#cluster.present.filter(({ isRunning }) => isRunning)
  }

  async #becomeWell(): Promise<void> {
    const { tickMs, electionTicks } = this.#plan.timing
    const withinMs = LEADER_WITHIN_ELECTION_TIMEOUTS * tickMs * electionTicks
    await this.#until('a leader', withinMs, () => this.#hasLeader)
    await this.#until('clients', LIVENESS_MS, () => this.#clients.isDone)
    await this.#until('members to agree', LIVENESS_MS, () => this.#areEqual)
    const ttlMs = 1000 * Math.max(5, this.#plan.sessionTtlSeconds)
    await this.#until(
      'leases',
      3 * ttlMs + LIVENESS_MS,
      () => this.#records.leases.unended.length === 0,
    )
  }

  async #until(what: string, withinMs: number, condition: () => boolean): Promise<void> {
    const deadline = this.#world.nowMs + withinMs
    const isMet = await this.#world.run(deadline, condition)
    const { unfinished } = this.#clients
    check(isMet, `waited ${withinMs} ms in vain for ${what} (${unfinished.join(', ')})`)
  }

  get #hasLeader(): boolean {
    const { leader } = this.#cluster
    return (
      leader !== undefined &&
      this.#healed.every(({ member }) => member?.node.status.leaderId === leader.id)
    )
  }

  get #areEqual(): boolean {
    const { lastIndex } = this.#ledger
    return this.#healed.every(({ storage }) => storage?.state.appliedIndex === lastIndex)
  }

  async #checkEnd(): Promise<void> {
    for (const member of this.#cluster.members) this.#states.look(member)
    await this.#checkQueue()
    this.#checkHistory()
  }

  #checkHistory(): void {
    const { kv, fates } = this.#records
    const settled = kv.records.map((record) => fates.settle(record))
    const verdicts = [
      ...checkRevisions(kv.records, this.#ledger.changes.map(changeOf), { othersWrite: true }),
      ...checkLinearizability(settled, kvModel),
    ]
    check(
      verdicts.length === 0,
      verdicts.map(({ kind, message }) => `${kind}: ${message}`).join('\n'),
    )
  }

  async #checkQueue(): Promise<void> {
    const { client } = this.#cluster.client('judge')
    let isJudged = false
    const pause = (delayMs: number): Promise<void> => this.#world.sleep(delayMs)
    checkQueueContent(client, this.#records.queue, pause).then(
      () => (isJudged = true),
      (error: unknown) => this.#world.fail(error),
    )
    await this.#until('the judge', LIVENESS_MS, () => isJudged)
    await client.close()
  }

  #counts(): Readonly<Record<string, number>> {
    const { links } = this.#cluster
    const { work, queue, leases, watches, kv } = this.#records
    return {
      ...{ events: this.#world.eventCount, simulatedMs: Math.round(this.#world.nowMs) },
      ...{ elections: this.#elections.elections, entries: this.#ledger.lastIndex },
      ...{ operations: kv.records.length, work: work.count, deliveries: queue.deliveries },
      ...{ expiries: leases.expiries, watchBatches: watches.told },
      ...{ swallowed: links.swallowed, lost: links.lost, repeated: links.repeated },
      ...this.#coverage.counts,
      ...Object.fromEntries([...this.#crashPoints.hits].map(([at, n]) => [`died ${at}`, n])),
    }
  }
}

function drawClock(chance: Chance, skew: number): { rate: number; offsetMs: number } {
  return { rate: 1 + chance.between(-skew, skew), offsetMs: chance.between(0, 1e6) }
}
