/**
 * A cluster as the labs of MIT 6.5840 drive theirs: servers are connected or not, up or down, and the
 * network may be unreliable. A tick stands for 50 ms, so that heartbeats leave ten times a second and
 * an election timeout lies between half a second and a second. All chance comes from one seed.
 */

import { entryBytes } from './entry.js'
import { dataOf } from './invariants/observed-member.test-support.js'
import type { Message } from './message.js'
import { Random } from './random.js'
import { SimulatedCluster, type SimulatedMember } from './simulation.test-support.js'

export const ELECTION_TICKS = 10
/** The labs give a cluster two seconds to commit a command, and ten to commit it at another try. */
const PATIENCE_TICKS = 40
const RETRY_TICKS = 200

const REQUESTS: readonly Message['type'][] = [
  'preVote',
  'requestVote',
  'appendEntries',
  'heartbeat',
  'installSnapshot',
  'timeoutNow',
  'readIndexRequest',
  'forwardProposal',
]

export interface LabOptions {
  readonly servers: number
  readonly seed: number
  readonly isReliable?: boolean
  /** Each server cuts its log whenever it has applied so many entries more. */
  readonly snapshotEvery?: number
}

export class Lab {
  readonly cluster: SimulatedCluster
  readonly ids: readonly string[]
  isReliable: boolean
  /** Two thirds of all answers take up to two seconds (labrpc: LongReordering). */
  hasLongReordering = false
  /** What was sent, without the answers. */
  requests = 0
  bytes = 0
  readonly #random: Random
  readonly #snapshotEvery: number
  readonly #cutOff = new Set<string>()
  readonly #arrivalTicks = new WeakMap<Message, number>()
  #nowTick = 0

  constructor({ servers, seed, isReliable = true, snapshotEvery = Infinity }: LabOptions) {
    this.ids = Array.from({ length: servers }, (_, at) => `${at + 1}`)
    const limits = { electionTicks: ELECTION_TICKS, heartbeatTicks: 2 }
    this.cluster = new SimulatedCluster({ voters: this.ids, limits })
    this.cluster.cut((from, to) => this.#cutOff.has(from) || this.#cutOff.has(to))
    this.isReliable = isReliable
    this.#random = new Random(seed)
    this.#snapshotEvery = snapshotEvery
  }

  /** The next of the seed's numbers in [0, bound). */
  below(bound: number): number {
    return this.#random.below(bound)
  }

  /** Of the servers in their circle, the one `distance` after `id`. */
  after(id: string, distance: number): string {
    return this.ids[(Number(id) - 1 + distance) % this.ids.length]!
  }

  connect(...ids: readonly string[]): void {
    for (const id of ids) this.#cutOff.delete(id)
  }

  disconnect(...ids: readonly string[]): void {
    for (const id of ids) this.#cutOff.add(id)
  }

  /** What they had sent, and nobody has got yet, is lost with them (labrpc: DeleteServer). */
  crash(...ids: readonly string[]): void {
    for (const id of ids) this.cluster.crash(this.server(id))
    this.cluster.network = this.cluster.network.filter(({ from }) => !ids.includes(from))
  }

  /** Starts those that are down, with nothing but what is durable. */
  restart(...ids: readonly string[]): void {
    for (const id of ids) this.cluster.start(this.server(id), 0)
  }

  isUp(id: string): boolean {
    return this.server(id).raft !== undefined
  }

  server(id: string): SimulatedMember {
    return this.cluster.members[Number(id) - 1]!
  }

  step(ticks = 1): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.#tick()
      while (this.#work());
    }
  }

  /** Time passes in which not everything is done that could be. */
  drift(ticks: number, eventsPerTick: number): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.#tick()
      this.stir(eventsPerTick)
    }
  }

  /** Some of what is under way happens, in any order, and no time passes. Disks are the faster ones. */
  stir(events: number): void {
    const { cluster } = this
    for (let event = 0; event < events; event += 1) {
      const member = this.server(this.ids[this.below(this.ids.length)]!)
      if (this.below(5) === 0) cluster.deliver(this.below(1_000))
      else if (!cluster.processReady(member)) cluster.completeWrite(member)
    }
  }

  /** The leader that those who are connected have, within five seconds. */
  checkOneLeader(): string {
    for (let half = 0; half < 10; half += 1) {
      this.step(10)
      const leaders = this.#reachable.filter(({ raft }) => raft?.status.role === 'leader')
      const [newest] = leaders.sort((a, b) => b.lastTerm - a.lastTerm)
      if (newest !== undefined) return newest.id
    }
    throw new Error('there is no leader')
  }

  checkNoLeader(): void {
    if (this.#reachable.some(({ raft }) => raft?.status.role === 'leader')) {
      throw new Error('somebody leads without a majority')
    }
  }

  /** The term in which all are. */
  checkTerms(): number {
    const terms = new Set(this.#reachable.map(({ raft }) => raft!.status.term))
    if (terms.size !== 1) throw new Error(`terms differ: ${[...terms].join(', ')}`)
    return [...terms][0]!
  }

  /** Proposes to a server, if it leads. The command, by which it is found again. */
  start(id: string, payloadBytes = 0): string | undefined {
    const member = this.server(id)
    if (member.raft?.status.role !== 'leader') return undefined
    return this.cluster.propose(member, payloadBytes)
  }

  /** The index at which a command was committed; 0 if it was not. */
  indexOf(command: string): number {
    return this.cluster.checker.committed.findLastIndex((entry) => dataOf(entry) === command) + 1
  }

  /** How many servers have applied a command. */
  countApplied(command: string): number {
    const index = this.indexOf(command)
    if (index === 0) return 0
    return this.cluster.members.filter((one) => one.raft && one.appliedIndex >= index).length
  }

  /**
   * Has a command committed, by whoever leads, and applied by so many servers. Its index. Without
   * `retry` the first leader that takes it must do.
   */
  one(expectedServers: number, { retry = true, payloadBytes = 0 } = {}): number {
    for (let waited = 0; waited < RETRY_TICKS;) {
      const command = this.#startAnywhere(payloadBytes)
      for (let tick = 0; tick < (command === undefined ? 1 : PATIENCE_TICKS); tick += 1) {
        this.step()
        waited += 1
        if (command !== undefined && this.countApplied(command) >= expectedServers) {
          return this.indexOf(command)
        }
      }
      if (command !== undefined && !retry) break
    }
    throw new Error(`no agreement of ${expectedServers} servers`)
  }

  /** Everybody is up and connected, and agrees. */
  finish(): void {
    this.isReliable = true
    this.hasLongReordering = false
    this.cluster.heal()
    this.cluster.checkRefusals()
  }

  get #reachable(): SimulatedMember[] {
    return this.cluster.members.filter(({ id, raft }) => raft && !this.#cutOff.has(id))
  }

  #startAnywhere(payloadBytes: number): string | undefined {
    for (const { id } of this.#reachable) {
      const command = this.start(id, payloadBytes)
      if (command !== undefined) return command
    }
    return undefined
  }

  #tick(): void {
    this.#nowTick += 1
    for (const member of this.cluster.members) this.cluster.tick(member)
  }

  /** Everything that can happen at this tick, once. */
  #work(): boolean {
    const { cluster } = this
    let isBusy = false
    for (const member of cluster.members) {
      while (cluster.processReady(member)) isBusy = true
      while (cluster.completeWrite(member)) isBusy = true
      if (member.appliedIndex - member.log.firstIndex() + 1 >= this.#snapshotEvery) {
        cluster.compact(member, member.appliedIndex)
      }
    }
    for (let at = 0; at < cluster.network.length;) {
      const arrivalTick = this.#arrivalTick(cluster.network[at]!)
      if (arrivalTick === undefined) cluster.drop(at)
      else if (arrivalTick > this.#nowTick) at += 1
      else cluster.deliver(at)
      isBusy ||= arrivalTick === this.#nowTick
    }
    return isBusy
  }

  /** Undefined if the message is lost. */
  #arrivalTick(message: Message): number | undefined {
    const known = this.#arrivalTicks.get(message)
    if (known !== undefined) return known
    const isRequest = REQUESTS.includes(message.type)
    if (isRequest) this.requests += 1
    if (message.type === 'appendEntries') {
      for (const entry of message.entries) this.bytes += entryBytes(entry)
    }
    if (!this.isReliable && this.below(10) === 0) return undefined
    const arrivalTick = this.#nowTick + this.#delayTicks(isRequest)
    this.#arrivalTicks.set(message, arrivalTick)
    return arrivalTick
  }

  #delayTicks(isRequest: boolean): number {
    if (this.isReliable) return 0
    const isLate = this.hasLongReordering && !isRequest && this.below(9) < 6
    return isLate ? 4 + this.below(1 + this.below(40)) : this.below(2)
  }
}
