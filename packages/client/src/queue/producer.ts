/**
 * Puts items into a queue: among the others, or among the delayed ones. One transaction, which with a
 * dedupe id does nothing while an item of that id is there.
 */

import type { Core } from '../core.js'
import { compare } from '../kv/compare.js'
import { Kv } from '../kv/kv.js'
import { callTxn, op } from '../kv/txn.js'
import type { WaitOptions } from '../time/scope.js'
import type { QueueLayout } from './layout.js'
import type { PushRequest } from './options.js'
import { encodeParcel } from './parcel.js'
import { remaining } from './remaining.js'

/** What became of an offer. */
export interface Offer {
  /** Of the item that is in the queue. */
  readonly id: string
  /** False when it was there before, with the same dedupe id: nothing was added. */
  readonly added: boolean
}

export class Producer {
  readonly #core: Core
  readonly #layout: QueueLayout

  constructor(core: Core, layout: QueueLayout) {
    this.#core = core
    this.#layout = layout
  }

  async offer(request: PushRequest, options: WaitOptions): Promise<Offer> {
    const { rpc } = this.#core
    const { bodies, dedupes } = this.#layout
    const startedAt = rpc.clock.now()
    const seenRevision = await this.#seenRevision(options)
    const id = this.#layout.newId(seenRevision, rpc.clock.uniqueId())
    const key = this.#placeOf(id, request, { seenRevision, pushedAtMs: startedAt.wallMs })
    const { dedupeId } = request
    const unique = dedupeId === undefined ? bodies + id : dedupes + dedupeId
    const puts = [op.put(bodies + id, encodeParcel(request.json, request)), op.put(key, '')]
    if (dedupeId !== undefined) puts.push(op.put(unique, id))
    const { result } = await callTxn(
      rpc,
      { if: [compare.absent(unique)], then: puts, else: [op.get(unique)] },
      // A second execution would find nothing again once the item had been acknowledged.
      { ...remaining(options, rpc.clock, startedAt), repetition: 'once' },
    )
    if (result.succeeded || dedupeId === undefined) return { id, added: true }
    return { id: result.results[0].entry?.text() ?? id, added: false }
  }

  #placeOf(
    id: string,
    { priority, delayMs }: PushRequest,
    at: { readonly seenRevision: number; readonly pushedAtMs: number },
  ): string {
    const { seenRevision, pushedAtMs } = at
    if (delayMs === 0) return this.#layout.itemKey({ priority, seenRevision, ordinal: 0 }, id)
    return this.#layout.delayedKey({ id, priority, dueMs: Math.ceil(pushedAtMs + delayMs) })
  }

  /** A client that has not spoken to the cluster yet asks it first. See `place.ts`. */
  async #seenRevision(options: WaitOptions): Promise<number> {
    const { rpc } = this.#core
    if (rpc.latestRevision > 0) return rpc.latestRevision
    const { signal, timeoutMs } = options
    const { revision } = await new Kv(rpc).range(this.#layout.bodies, {
      signal,
      timeoutMs,
      countOnly: true,
    })
    return revision
  }
}
