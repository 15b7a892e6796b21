/**
 * Claiming an item, and what is done under a claim. Each is one transaction, with conditions that
 * make repeating it harmless:
 *
 * - a claim is made only while there is none, and only if the item was claimed exactly as often as
 *   when it was read, so that a late duplicate of the request finds that count moved on (which by
 *   itself excludes a second claim; the first condition says what is meant);
 * - if the reading is not fresh, it is made only if no item of a higher priority has come since;
 * - everything else is done only while the claim is the one that was granted.
 */

import { HoldfastError } from '@holdfast/protocol'
import type { Core } from '../core.js'
import { LockLostError } from '../errors.js'
import { compare, type Compare } from '../kv/compare.js'
import type { Entry } from '../kv/entry.js'
import { callTxn, op, type Op } from '../kv/txn.js'
import { Hold } from '../session/hold.js'
import type { Session } from '../session/session.js'
import type { WaitOptions } from '../time/scope.js'
import type { QueueLayout } from './layout.js'
import type { Candidate } from './page.js'
import { decodeParcel, type Parcel } from './parcel.js'

export interface Claim {
  readonly id: string
  /** Of the item. */
  readonly key: string
  readonly hold: Hold
  /** The content as it is stored; empty if somebody deleted it. */
  readonly body: Uint8Array
  /** What it says; undefined if nobody can read it. */
  readonly parcel: Parcel | undefined
  /** This one included. */
  readonly attempts: number
}

/**
 * Why there is no claim. `taken`: somebody else was faster, or the item is gone. `outdated`: the queue
 * is not what it was when the candidate was read, and ought to be read again.
 */
export type NoClaim = 'taken' | 'outdated'

export interface ClaimOptions {
  /** The revision of the reading, if nothing of a higher priority may have come since. */
  readonly nothingAboveSince: number | undefined
  readonly signal: AbortSignal
}

const RELEASE_TIMEOUT_MS = 5_000

export class Claims {
  readonly #core: Core
  readonly #name: string
  readonly #layout: QueueLayout
  /** Those whose removal was asked for, and of which nobody said whether it was done. */
  readonly #inDoubt = new WeakSet<Claim>()
  /** How often an item was given back here: what was read of the head before that is outdated. */
  returned = 0

  constructor(core: Core, name: string, layout: QueueLayout) {
    this.#core = core
    this.#name = name
    this.#layout = layout
  }

  async make(candidate: Candidate, options: ClaimOptions): Promise<Claim | NoClaim> {
    const session = await this.#core.sessions.get(options.signal)
    const nonce = this.#core.rpc.clock.uniqueId()
    try {
      return await this.#make(candidate, { session, nonce, options })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      if (error.outcome === 'unknown') this.#sweep(session, candidate, nonce)
      if (error.code !== 'leaseNotFound') throw error
      session.end('expired', error)
      return 'outdated'
    }
  }

  /** The work is done: the item goes. @throws {LockLostError} when the claim was lost. */
  async acknowledge(claim: Claim, options: WaitOptions): Promise<void> {
    await this.#remove(claim, [], options)
  }

  /** The item goes to the dead letters. @throws {LockLostError} when the claim was lost. */
  async bury(claim: Claim, options: WaitOptions): Promise<void> {
    await this.#remove(claim, [op.put(this.#layout.dead + claim.id, claim.body)], options)
  }

  /** The item becomes free at its old place. Never rejects; goes on in the background if it must. */
  async giveBack({ hold }: Claim): Promise<void> {
    if (hold.signal.aborted) return
    const txn = { if: [hold.guard()], then: [op.delete(hold.key)] }
    try {
      const options = { repetition: 'repeatable', timeoutMs: RELEASE_TIMEOUT_MS } as const
      await callTxn(this.#core.rpc, txn, options)
    } catch {
      hold.session.sweeper.add(hold.key, hold.guard())
    }
    this.returned++
    hold.lose('released')
  }

  async #make(
    candidate: Candidate,
    request: {
      readonly session: Session
      readonly nonce: string
      readonly options: ClaimOptions
    },
  ): Promise<Claim | NoClaim> {
    const { session, nonce, options } = request
    const { id, key, createRevision, attempts } = candidate
    const { body, claim, tries } = this.#keysOf(id)
    const { result, inDoubt } = await callTxn(
      this.#core.rpc,
      {
        if: [
          compare.absent(claim),
          compare.createRevision(key, '=', createRevision),
          compare.version(tries, '=', attempts),
          ...this.#nothingAbove(candidate, options),
        ],
        then: [op.get(body), op.put(claim, nonce, { lease: session.leaseId }), op.put(tries, '')],
        // Who was slower has no use for the body, which may be large.
        else: [
          op.get(claim),
          op.get(key),
          op.txn({ if: [compare.value(claim, '=', nonce)], then: [op.get(body)] }),
        ],
      },
      { repetition: 'repeatable', signal: options.signal },
    )
    if (result.succeeded) {
      const createRevision = result.revision
      return this.#granted(candidate, result.results[0].entry, { session, createRevision, inDoubt })
    }
    const [held, item, own] = result.results
    if (own.succeeded && held.entry !== undefined) {
      // An attempt of the same request whose answer was lost made the claim.
      const { createRevision } = held.entry
      return this.#granted(candidate, own.results[0].entry, { session, createRevision, inDoubt })
    }
    // It may have failed for what does not last, such as an item of a higher priority.
    if (inDoubt) this.#sweep(session, candidate, nonce)
    return held.entry === undefined && item.entry !== undefined ? 'outdated' : 'taken'
  }

  #granted(
    { id, key, attempts }: Candidate,
    body: Entry | undefined,
    grant: {
      readonly session: Session
      readonly createRevision: number
      readonly inDoubt: boolean
    },
  ): Claim {
    const { session, ...rest } = grant
    const name = `${this.#name}: item ${id}`
    const hold = new Hold(session, { name, key: this.#layout.claims + id, ...rest })
    const bytes = body?.bytes ?? new Uint8Array(0)
    return { id, key, hold, body: bytes, parcel: decodeParcel(bytes), attempts: attempts + 1 }
  }

  async #remove(claim: Claim, more: readonly Op<unknown>[], options: WaitOptions): Promise<void> {
    const { hold } = claim
    hold.assertHeld()
    const { result, inDoubt } = await this.#tryToRemove(claim, more, options)
    // An attempt whose answer was lost may have done it; nobody else could, while the claim held. Where
    // it does not any more, whoever claimed the item next may have, and we have no proof.
    const isHeld = hold.session.alive && !hold.signal.aborted
    const done = result.succeeded || (inDoubt && isHeld && result.results[0].entry === undefined)
    hold.lose(done ? 'released' : 'deleted')
    if (!done) throw new LockLostError(hold.name, 'deleted')
  }

  /** In doubt is also what an earlier call has asked for. */
  async #tryToRemove(claim: Claim, more: readonly Op<unknown>[], options: WaitOptions) {
    const { id, key, hold, parcel } = claim
    const keys = this.#keysOf(id)
    const dedupe = parcel?.dedupeId
    const removed = [key, keys.body, keys.claim, keys.tries]
    if (dedupe !== undefined) removed.push(this.#layout.dedupes + dedupe)
    try {
      const { result, inDoubt } = await callTxn(
        this.#core.rpc,
        {
          if: [hold.guard()],
          then: [...removed.map((one) => op.delete(one)), ...more],
          else: [op.get(key)],
        },
        { ...options, repetition: 'repeatable' },
      )
      return { result, inDoubt: inDoubt || this.#inDoubt.has(claim) }
    } catch (error) {
      if (error instanceof HoldfastError && error.outcome === 'unknown') this.#inDoubt.add(claim)
      throw error
    }
  }

  #nothingAbove({ priority }: Candidate, { nothingAboveSince }: ClaimOptions): Compare[] {
    if (nothingAboveSince === undefined) return []
    const above = this.#layout.itemsAbove(priority)
    return [compare.createRevision(above, '<', nothingAboveSince + 1)]
  }

  /** It may be granted yet, to nobody who knows of it. */
  #sweep(session: Session, { id }: Candidate, nonce: string): void {
    const { claim } = this.#keysOf(id)
    session.sweeper.add(claim, compare.value(claim, '=', nonce))
  }

  #keysOf(id: string): { body: string; claim: string; tries: string } {
    const { bodies, claims, tries } = this.#layout
    return { body: bodies + id, claim: claims + id, tries: tries + id }
  }
}
