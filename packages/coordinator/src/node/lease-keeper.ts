/**
 * Where a lease expires. Only the leader's keeper counts time; what it finds expired it proposes to
 * revoke, and the revocation takes effect through the log like any other write.
 *
 * A lease lives at least its TTL:
 *  - a new leader re-arms every lease in full, plus an election timeout (etcd: Lessor.Promote);
 *  - a renewal is confirmed only after a quorum has confirmed the leader, by a lease that still
 *    exists then (etcd #20615);
 *  - before it proposes an expiry, the leader confirms itself by a quorum as well, and the proposal
 *    carries its term and is void in any other (etcd #15247, #17425). From then on the lease is
 *    `expiring` and cannot be renewed before the entry is decided.
 *
 * That a new leader re-arms a long lease in full would let it outlive its holder by hours, once for each
 * leader (etcd #9888). So what such leases have left is noted in the log every five minutes, and a
 * renewal takes the note back before it is confirmed.
 */

import type { LeaseCheckpoint } from '../state-machine/command.js'
import type { LeaseId } from '../state-machine/operation.js'
import type { Lease, LeaseChange } from '../state-machine/state-machine.js'
import type { LeaseClock } from './lease-clock.js'
import type { Clock } from '../time/clock.js'
import { NodeError } from './node-error.js'

/** How often leases are looked through (etcd: 500 ms). */
export const LEASE_SCAN_MS = 500
/** Leases expired in one scan: with the interval, etcd's 1,000 a second. */
export const MAX_EXPIRIES_PER_SCAN = 500

/** How often it is noted what a lease has left; shorter ones never are (etcd: 5 minutes). */
export const LEASE_CHECKPOINT_MS = 5 * 60_000
/** Leases noted in one entry (etcd: maxLeaseCheckpointBatchSize). */
const MAX_CHECKPOINTS_PER_SCAN = 1_000

export interface LeaseKeeperOptions {
  readonly clock: Pick<Clock, 'nowMs'>
  readonly leaseClock: LeaseClock
  /** Added to every lease when the member starts to lead. */
  readonly electionTimeoutMs: number
  readonly leases: () => readonly Lease[]
  /** Rejects when the quorum does not confirm the leader. */
  readonly confirmLeadership: () => Promise<void>
  /** Settles only when the proposal is decided: applied, or certainly lost. */
  readonly proposeExpiry: (lease: Lease, term: number) => Promise<unknown>
  /** Settles only when the proposal is decided. */
  readonly proposeCheckpoints: (
    checkpoints: readonly LeaseCheckpoint[],
    term: number,
  ) => Promise<unknown>
  /** Default `LEASE_CHECKPOINT_MS`. */
  readonly checkpointMs?: number | undefined
}

interface Armed {
  lease: Lease
  deadlineMs: number
  expiring: boolean
  /** When what it has left is noted next. */
  checkpointAtMs: number
  /** Pending while a note of it is being decided. */
  checkpointing: Promise<unknown> | undefined
}

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  readonly #armed = new Map<LeaseId, Armed>()
  #leadsInTerm: number | undefined
  #nextScanMs = 0
  /** Waiting for the expiry of a lease to be decided. */
  readonly #undecided = new Map<LeaseId, (() => void)[]>()

  constructor(options: LeaseKeeperOptions) {
    this.#options = options
  }

  /** The member leads in `term` and has applied an entry of that term: its view is complete. */
  promote(term: number, nowMs: number): void {
    this.#leadsInTerm = term
    const base = this.#options.leaseClock.read(nowMs) + this.#options.electionTimeoutMs
    this.#armed.clear()
    for (const lease of this.#options.leases()) this.#arm(lease, base)
    this.#decideAll()
  }

  demote(): void {
    this.#leadsInTerm = undefined
    this.#armed.clear()
    this.#decideAll()
  }

  get leads(): boolean {
    return this.#leadsInTerm !== undefined
  }

  onApplied(changes: readonly LeaseChange[], nowMs: number): void {
    for (const change of changes) {
      if (change.type === 'granted') {
        if (this.leads) this.#arm(change.lease, this.#options.leaseClock.read(nowMs))
      } else if (change.type === 'checkpointed') {
        const armed = this.#armed.get(change.lease.id)
        if (armed !== undefined) armed.lease = change.lease
      } else {
        this.#armed.delete(change.id)
        this.#decide(change.id)
      }
    }
  }

  /**
   * Renews a lease and gives its TTL in seconds; undefined when there is no such lease. The caller
   * has confirmed leadership since the request arrived. A lease that is being expired is waited for.
   * @throws {NodeError} `noLeader` when this member does not lead, and so cannot know
   */
  async renew(id: LeaseId): Promise<number | undefined> {
    for (;;) {
      this.#requireLeadership()
      const armed = this.#armed.get(id)
      if (armed === undefined) return undefined
      // A note that stands, or may yet be made, would shorten what is about to be promised.
      if (armed.checkpointing !== undefined) {
        await armed.checkpointing
        continue
      }
      if (armed.lease.remainingSeconds !== undefined) {
        await this.#checkpoint([[armed, 0]])
        continue
      }
      if (!armed.expiring) {
        const { ttlSeconds } = armed.lease
        armed.deadlineMs =
          this.#options.leaseClock.read(this.#options.clock.nowMs()) + ttlSeconds * 1000
        return ttlSeconds
      }
      await new Promise<void>((resolve) => {
        this.#undecided.set(id, [...(this.#undecided.get(id) ?? []), resolve])
      })
    }
  }

  /**
   * Undefined when there is no such lease.
   * @throws {NodeError} `noLeader` when this member does not lead, and so cannot know
   */
  remainingMs(id: LeaseId, nowMs: number): number | undefined {
    this.#requireLeadership()
    const armed = this.#armed.get(id)
    return armed && Math.max(0, armed.deadlineMs - this.#options.leaseClock.read(nowMs))
  }

  /**
   * Soonest expiry first.
   * @throws {NodeError} `noLeader` when this member does not lead, and so cannot know
   */
  idsBySoonestExpiry(): readonly LeaseId[] {
    this.#requireLeadership()
    return [...this.#armed].sort(([, a], [, b]) => a.deadlineMs - b.deadlineMs).map(([id]) => id)
  }

  tick(nowMs: number): void {
    const clockMs = this.#options.leaseClock.read(nowMs)
    const term = this.#leadsInTerm
    if (term === undefined || clockMs < this.#nextScanMs) return
    this.#nextScanMs = clockMs + LEASE_SCAN_MS
    const due: LeaseId[] = []
    for (const [id, { expiring, deadlineMs }] of this.#armed) {
      if (expiring || deadlineMs > clockMs) continue
      due.push(id)
      if (due.length === MAX_EXPIRIES_PER_SCAN) break
    }
    if (due.length > 0) void this.#expire(due, term)
    this.#noteWhatIsLeft(clockMs)
  }

  #noteWhatIsLeft(clockMs: number): void {
    const due: [Armed, remainingSeconds: number][] = []
    for (const armed of this.#armed.values()) {
      const { expiring, checkpointing, checkpointAtMs, deadlineMs } = armed
      if (expiring || checkpointing !== undefined || checkpointAtMs > clockMs) continue
      // Rounded up: a lease may live for longer than it was granted, and never for less.
      due.push([armed, Math.max(1, Math.ceil((deadlineMs - clockMs) / 1000))])
      if (due.length === MAX_CHECKPOINTS_PER_SCAN) break
    }
    // What is not decided is looked at again when it is due again.
    if (due.length > 0) this.#checkpoint(due).catch(() => undefined)
  }

  /** Notes what leases have left, 0 meaning all. Rejects when that cannot be decided. */
  async #checkpoint(left: readonly (readonly [Armed, remainingSeconds: number])[]): Promise<void> {
    const { leaseClock, clock } = this.#options
    const term = this.#leadsInTerm
    if (term === undefined) throw new NodeError('noLeader', 'not-applied')
    const checkpoints = left.map(([{ lease }, remainingSeconds]) => {
      return { id: lease.id, grantedIndex: lease.grantedIndex, remainingSeconds }
    })
    const deciding = this.#options.proposeCheckpoints(checkpoints, term)
    const checkpointAtMs = leaseClock.read(clock.nowMs()) + this.#checkpointMs
    for (const [armed] of left) {
      armed.checkpointAtMs = checkpointAtMs
      armed.checkpointing = deciding.catch(() => undefined)
    }
    try {
      await deciding
    } finally {
      for (const [armed] of left) armed.checkpointing = undefined
    }
  }

  get #checkpointMs(): number {
    return this.#options.checkpointMs ?? LEASE_CHECKPOINT_MS
  }

  async #expire(due: readonly LeaseId[], term: number): Promise<void> {
    try {
      await this.#options.confirmLeadership()
    } catch {
      return // The next scan finds them again, if this member still leads then.
    }
    if (this.#leadsInTerm !== term) return
    const clockMs = this.#options.leaseClock.read(this.#options.clock.nowMs())
    for (const id of due) {
      const armed = this.#armed.get(id)
      if (armed === undefined || armed.expiring || armed.deadlineMs > clockMs) continue
      armed.expiring = true
      // A lease that is still there is scanned, and may be renewed, again.
      const decided = (): void => {
        armed.expiring = false
        this.#decide(id)
      }
      this.#options.proposeExpiry(armed.lease, term).then(decided, (error: unknown) => {
        // The entry may still be applied, so a renewal might be worth nothing.
        if (error instanceof NodeError && error.outcome === 'unknown') return
        decided()
      })
    }
  }

  #requireLeadership(): void {
    if (!this.leads) throw new NodeError('noLeader', 'not-applied')
  }

  #arm(lease: Lease, baseMs: number): void {
    const { ttlSeconds, remainingSeconds = ttlSeconds } = lease
    const deadlineMs = baseMs + remainingSeconds * 1000
    const isLong = ttlSeconds * 1000 > this.#checkpointMs
    const checkpointAtMs = isLong ? baseMs + this.#checkpointMs : Infinity
    const armed = { lease, deadlineMs, expiring: false, checkpointAtMs, checkpointing: undefined }
    this.#armed.set(lease.id, armed)
  }

  #decide(id: LeaseId): void {
    for (const resolve of this.#undecided.get(id) ?? []) resolve()
    this.#undecided.delete(id)
  }

  #decideAll(): void {
    for (const id of [...this.#undecided.keys()]) this.#decide(id)
  }
}
