/**
 * A session: one lease, kept alive by one loop, to which everything is attached that a client holds.
 *
 * The deadline: a lease lives at least its TTL from the moment its last renewal was *executed*, which
 * is not before the moment it was *sent*. From there this session trusts it for nine tenths of the
 * TTL, since the server's clock may run faster than ours. After that the session is lost, whatever
 * answer is still under way, and nothing revives it.
 *
 * The deadline is checked by a timer, and by `checkClock` at every use, because after a stall of the
 * event loop timers are late.
 *
 * Timers here are in the background: a process that has nothing else to do may end, and its lease
 * with it.
 */

import { HoldfastError, routes } from '@holdfast/protocol'
import { SessionLostError, type LossReason } from '../errors.js'
import { op, txnRequest } from '../kv/txn.js'
import type { Rpc } from '../rpc/rpc.js'
import { elapsedMs, type Moment } from '../time/clock.js'
import type { WaitOptions } from '../time/scope.js'
import { revokeLater } from './abandoned-lease.js'
import type { HeldKey } from './held-key.js'
import { findLostHolds } from './hold-check.js'
import { Sweeper } from './sweeper.js'

/** The share of the TTL for which a confirmed renewal is trusted. */
const TRUSTED = 0.9
/** Renewals in one TTL, as etcd's own client has it. */
const RENEWALS = 3
/** After one that failed for a reason that repeating it at once would not change. */
const RENEWALS_AFTER_FAILURE = 12
const RELEASE_TIMEOUT_MS = 5_000

export class Session {
  readonly leaseId: string
  readonly sweeper: Sweeper
  readonly #rpc: Rpc
  readonly #ttlMs: number
  readonly #holds = new Set<HeldKey>()
  readonly #controller = new AbortController()
  #confirmedAt: Moment
  #renewalFailed = false
  #cancelRenewal: () => void = () => undefined
  #cancelDeadline: () => void = () => undefined

  private constructor(rpc: Rpc, lease: { id: string; ttlSeconds: number; sentAt: Moment }) {
    this.#rpc = rpc
    this.sweeper = new Sweeper(rpc)
    this.leaseId = lease.id
    this.#ttlMs = lease.ttlSeconds * 1000
    this.#confirmedAt = lease.sentAt
    this.#arm()
  }

  /** A lease whose grant was answered by nobody expires by itself, so granting may be repeated. */
  static async begin(rpc: Rpc, ttlSeconds: number): Promise<Session> {
    const { response, sentAt } = await rpc.call(
      routes.leaseGrant,
      { ttl: ttlSeconds },
      { repetition: 'afresh' },
    )
    return new Session(rpc, { id: response.id, ttlSeconds: response.ttl, sentAt })
  }

  /** Aborts when the session is lost, with a SessionLostError. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether the session can still be relied on, by the clock. */
  get alive(): boolean {
    this.checkClock()
    return !this.signal.aborted
  }

  /** Notices a deadline that its timer is late for. */
  checkClock(): void {
    if (!this.signal.aborted && this.#remainingMs <= 0) this.end('unconfirmed')
  }

  /** @throws {SessionLostError} */
  assertAlive(): void {
    if (!this.alive) throw this.lossError
  }

  get lossError(): SessionLostError {
    const reason: unknown = this.signal.reason
    return reason instanceof SessionLostError ? reason : new SessionLostError('unconfirmed')
  }

  register(hold: HeldKey): void {
    if (this.alive) this.#holds.add(hold)
    else hold.lose(this.lossError.reason)
  }

  unregister(hold: HeldKey): void {
    this.#holds.delete(hold)
  }

  /** Ends the session on this side. Whatever it held is lost at once. */
  end(reason: LossReason, cause?: unknown): void {
    if (this.signal.aborted) return
    this.#cancelRenewal()
    this.#cancelDeadline()
    // The holders are told first: who waits for the session may take over from them.
    this.endHolds(reason, cause)
    this.#controller.abort(new SessionLostError(reason, cause))
    if (reason === 'unconfirmed') this.#abandonLease()
  }

  /** Tells all holders. Their keys stay, and keep others out, as long as the session is renewed. */
  endHolds(reason: LossReason, cause?: unknown): void {
    for (const hold of [...this.#holds]) hold.lose(reason, cause)
  }

  /** Ends the session and its lease, which releases at once all that is left of it. */
  async revoke(options: WaitOptions): Promise<void> {
    const wasAlive = this.alive
    this.end('closed')
    if (!wasAlive) return
    await this.#rpc.ask(
      routes.leaseRevoke,
      { id: this.leaseId },
      {
        repetition: 'repeatable',
        ...options,
      },
    )
  }

  /** Deletes a key of this session; false when nobody confirmed it. Never rejects. */
  async deleteKey(key: string, timeoutMs = RELEASE_TIMEOUT_MS): Promise<boolean> {
    try {
      const request = txnRequest({ then: [op.delete(key)] })
      await this.#rpc.ask(routes.txn, request, { repetition: 'repeatable', timeoutMs })
      return true
    } catch {
      return false
    }
  }

  /**
   * Holders have the margin of the TTL to stop, counted from when they are told, which is now. The lease
   * is theirs for its whole TTL in any case.
   */
  #abandonLease(): void {
    const sinceConfirmedMs = this.#rpc.clock.now().monotonicMs - this.#confirmedAt.monotonicMs
    const marginMs = this.#ttlMs * (1 - TRUSTED)
    const delayMs = Math.max(this.#ttlMs - sinceConfirmedMs, marginMs)
    void revokeLater(this.#rpc, { id: this.leaseId, delayMs, pauseMs: this.#ttlMs })
  }

  get #remainingMs(): number {
    return this.#ttlMs * TRUSTED - elapsedMs(this.#rpc.clock, this.#confirmedAt)
  }

  #arm(): void {
    const { clock } = this.#rpc
    const background = { background: true }
    this.#cancelRenewal()
    this.#cancelDeadline()
    this.#cancelDeadline = clock.schedule(
      Math.max(0, this.#remainingMs),
      () => this.#onDeadline(),
      background,
    )
    this.#cancelRenewal = clock.schedule(
      this.#ttlMs / (this.#renewalFailed ? RENEWALS_AFTER_FAILURE : RENEWALS),
      () => void this.#renew(),
      background,
    )
  }

  /** A timer may fire a little early. */
  #onDeadline(): void {
    this.checkClock()
    if (!this.signal.aborted) this.#arm()
  }

  async #renew(): Promise<void> {
    try {
      this.assertAlive()
      const { response, sentAt } = await this.#rpc.call(
        routes.leaseKeepAlive,
        { id: this.leaseId },
        {
          repetition: 'safe',
          timeoutMs: this.#remainingMs,
          attemptTimeoutMs: this.#ttlMs / RENEWALS / 2,
          signal: this.signal,
        },
      )
      if (response.ttl <= 0) this.end('expired')
      // An answer that comes too late confirms nothing.
      if (!this.alive) return
      this.#confirmedAt = sentAt
      this.#renewalFailed = false
    } catch (error) {
      this.#onFailedRenewal(error)
    }
    if (!this.alive) return
    this.#arm()
    await this.#tidy()
  }

  #onFailedRenewal(error: unknown): void {
    this.#renewalFailed = true
    if (error instanceof HoldfastError && error.code === 'leaseNotFound') this.end('expired', error)
  }

  /** What is checked once per renewal, so that it costs by the process, not by what it holds. */
  async #tidy(): Promise<void> {
    const timeoutMs = this.#ttlMs / RENEWALS
    try {
      const lost = await findLostHolds(this.#rpc, [...this.#holds], timeoutMs)
      for (const hold of lost) hold.lose('deleted')
      await this.sweeper.sweep(timeoutMs)
    } catch {
      // The next renewal tidies again.
    }
  }
}
