/**
 * Claiming an item, and what is done under a claim. Each is one transaction, with conditions that
 * make repeating it harmless:
 *
 * - a claim is made only while there is none, and only if the item was claimed exactly as often as
 *   when it was read, so that a late duplicate of the request finds that count moved on (which by
 *   itself excludes a second claim; the first condition says what is meant);
 * - everything else is done only while the claim is the one that was granted.
 */

import { HoldfastError } from '@holdfast/protocol'
import { nanoid } from 'nanoid'
import type { Core } from '../core.js'
import { LockLostError } from '../errors.js'
import { compare } from '../kv/compare.js'
import type { Entry } from '../kv/entry.js'
import { callTxn, op, type Op } from '../kv/txn.js'
import { Hold } from '../session/hold.js'
import type { Session } from '../session/session.js'
import type { WaitOptions } from '../time/scope.js'
import type { Candidate } from './head.js'
import type { QueueLayout } from './layout.js'

export interface Claim {
  readonly id: string
  readonly hold: Hold
  readonly item: Entry
  /** This one included. */
  readonly attempts: number
}

const RELEASE_TIMEOUT_MS = 5_000

export class Claims {
  readonly #core: Core
  readonly #name: string
  readonly #layout: QueueLayout
  /** How often an item was given back here: what was read of the head before that is outdated. */
  returned = 0

  constructor(core: Core, name: string, layout: QueueLayout) {
    this.#core = core
    this.#name = name
    this.#layout = layout
  }

  /** Undefined when somebody else was faster, or the item is gone. */
  async make(candidate: Candidate, signal: AbortSignal): Promise<Claim | undefined> {
    const session = await this.#core.sessions.get(signal)
    const nonce = nanoid()
    try {
      return await this.#make(candidate, { session, nonce, signal })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      const { claim } = this.#keysOf(candidate.id)
      // It may be granted yet, to nobody who knows of it.
      if (error.outcome === 'unknown') {
        session.sweeper.add(claim, compare.value(claim, '=', nonce))
      }
      if (error.code !== 'leaseNotFound') throw error
      session.end('expired', error)
      return undefined
    }
  }

  /** The work is done: the item goes. @throws {LockLostError} when the claim was lost. */
  async acknowledge(claim: Claim, options: WaitOptions): Promise<void> {
    await this.#remove(claim, [], options)
  }

  /** The item goes to the dead letters. @throws {LockLostError} when the claim was lost. */
  async bury(claim: Claim, options: WaitOptions): Promise<void> {
    await this.#remove(claim, [op.put(this.#layout.dead + claim.id, claim.item.bytes)], options)
  }

  /** The item becomes free at its old place. Never rejects; goes on in the background if it must. */
  async giveBack({ id, hold }: Claim): Promise<void> {
    if (hold.signal.aborted) return
    const { claim } = this.#keysOf(id)
    const txn = { if: [hold.guard()], then: [op.delete(claim)] }
    try {
      const options = { repetition: 'repeatable', timeoutMs: RELEASE_TIMEOUT_MS } as const
      await callTxn(this.#core.rpc, txn, options)
    } catch {
      hold.session.sweeper.add(claim, hold.guard())
    }
    this.returned++
    hold.lose('released')
  }

  async #make(
    { id, createRevision, attempts }: Candidate,
    request: { readonly session: Session; readonly nonce: string; readonly signal: AbortSignal },
  ): Promise<Claim | undefined> {
    const { session, nonce, signal } = request
    const { item, claim, tries } = this.#keysOf(id)
    const { result, inDoubt } = await callTxn(
      this.#core.rpc,
      {
        if: [
          compare.absent(claim),
          compare.createRevision(item, '=', createRevision),
          compare.version(tries, '=', attempts),
        ],
        then: [op.get(item), op.put(claim, nonce, { lease: session.leaseId }), op.put(tries, '')],
        else: [op.get(item), op.get(claim)],
      },
      { repetition: 'repeatable', signal },
    )
    const granted = result.succeeded
      ? result.revision
      : revisionIfOurs(result.results[1].entry, nonce)
    const { entry } = result.results[0]
    if (granted === undefined || entry === undefined) return undefined
    const name = `${this.#name}: item ${id}`
    const hold = new Hold(session, { name, key: claim, createRevision: granted, inDoubt })
    return { id, hold, item: entry, attempts: attempts + 1 }
  }

  async #remove(
    { id, hold }: Claim,
    more: readonly Op<unknown>[],
    options: WaitOptions,
  ): Promise<void> {
    hold.assertHeld()
    const { item, claim, tries } = this.#keysOf(id)
    const { result, inDoubt } = await callTxn(
      this.#core.rpc,
      {
        if: [hold.guard()],
        then: [op.delete(item), op.delete(claim), op.delete(tries), ...more],
        else: [op.get(item)],
      },
      { ...options, repetition: 'repeatable' },
    )
    // An attempt whose answer was lost may have done it; nobody else could, while the claim held.
    const done = result.succeeded || (inDoubt && result.results[0].entry === undefined)
    hold.lose(done ? 'released' : 'deleted')
    if (!done) throw new LockLostError(hold.name, 'deleted')
  }

  #keysOf(id: string): { item: string; claim: string; tries: string } {
    const { items, claims, tries } = this.#layout
    return { item: items + id, claim: claims + id, tries: tries + id }
  }
}

/** An attempt of the same request whose answer was lost made the claim. */
function revisionIfOurs(claim: Entry | undefined, nonce: string): number | undefined {
  return claim?.text() === nonce ? claim.createRevision : undefined
}
