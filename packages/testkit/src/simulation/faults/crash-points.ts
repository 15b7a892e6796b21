/**
 * Named points at which a member may die: in the middle of its code, with everything before it done
 * and nothing after it (etcd: its failpoints; catalogue 20–29).
 */

import type { LogWrite } from '@holdfast/coordinator/parts'
import type { Message, Status } from '@holdfast/raft'
import type { Observer, SimulatedMember } from '../simulated-member.js'

const SENDS = [
  'preVote',
  'requestVote',
  'requestVoteResponse',
  'appendEntries',
  'appendEntriesAccepted',
  'appendEntriesRejected',
  'heartbeat',
  'readIndexRequest',
  'readIndexResponse',
  'forwardProposal',
  'timeoutNow',
] as const

export const CRASH_POINTS = [
  'before a vote or term is written',
  'before entries are written',
  'before a snapshot is written',
  'when it becomes leader',
  'when it becomes candidate',
  'when it steps down',
  'after a transaction of the state',
  'after entries were applied',
  'after a lease was ended',
  'after a snapshot was installed',
  ...SENDS.map((type) => `before ${type} is sent` as const),
] as const

export type CrashPoint = (typeof CRASH_POINTS)[number]

interface Armed {
  readonly member: SimulatedMember
  /** At whichever it comes to first. */
  readonly points: readonly CrashPoint[]
  /** What it loses; undefined: it lives on, and only what `onHit` does happens to it. */
  readonly kind?: 'process' | 'power'
  readonly onHit: () => void
}

export class CrashPoints implements Observer {
  /** How often somebody died at each. */
  readonly hits = new Map<CrashPoint, number>()
  readonly #leading = new Set<SimulatedMember>()
  #armed: Armed[] = []

  /** Strikes the member, once, when it comes to one of these points. Returns what disarms it. */
  arm(armed: Armed): () => void {
    this.#armed.push(armed)
    return () => {
      this.#armed = this.#armed.filter((other) => other !== armed)
    }
  }

  onStart(member: SimulatedMember): void {
    this.#leading.delete(member)
  }

  onWrite(member: SimulatedMember, { hardState, snapshot, entries }: LogWrite): void {
    if (this.#armed.length === 0) return
    if (hardState !== undefined) this.#reach(member, 'before a vote or term is written')
    if (snapshot !== undefined) this.#reach(member, 'before a snapshot is written')
    if (entries.length > 0) this.#reach(member, 'before entries are written')
  }

  onStatus(member: SimulatedMember, { role }: Status): void {
    if (role === 'leader') {
      this.#leading.add(member)
      this.#reach(member, 'when it becomes leader')
    } else if (this.#leading.delete(member)) this.#reach(member, 'when it steps down')
    else if (role === 'candidate') this.#reach(member, 'when it becomes candidate')
  }

  onSend(member: SimulatedMember, { type }: Message): void {
    if (this.#armed.length === 0) return
    const point = SENDS.find((name) => name === type)
    if (point !== undefined) this.#reach(member, `before ${point} is sent`)
  }

  onStateCommit(member: SimulatedMember): void {
    this.#reach(member, 'after a transaction of the state')
  }

  onApplied(
    member: SimulatedMember,
    _committed: unknown,
    { leaseChanges }: { readonly leaseChanges: readonly { readonly type: string }[] },
  ): void {
    this.#reach(member, 'after entries were applied')
    if (leaseChanges.some(({ type }) => type === 'ended')) {
      this.#reach(member, 'after a lease was ended')
    }
  }

  onRestored(member: SimulatedMember): void {
    this.#reach(member, 'after a snapshot was installed')
  }

  #reach(member: SimulatedMember, point: CrashPoint): void {
    const armed = this.#armed.find((one) => one.member === member && one.points.includes(point))
    if (armed === undefined || !member.isRunning) return
    this.#armed = this.#armed.filter((other) => other !== armed)
    if (armed.kind !== undefined) {
      this.hits.set(point, (this.hits.get(point) ?? 0) + 1)
      member.crash(armed.kind)
    }
    armed.onHit()
  }
}
