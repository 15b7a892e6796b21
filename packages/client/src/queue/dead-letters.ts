/** What was given up after too many attempts, and what may become of it. */

import { HoldfastError } from '@holdfast/protocol'
import type { Core } from '../core.js'
import { compare } from '../kv/compare.js'
import type { Entry } from '../kv/entry.js'
import { Kv } from '../kv/kv.js'
import { callTxn, op, type Op } from '../kv/txn.js'
import type { WaitOptions } from '../time/scope.js'
import type { QueueLayout } from './layout.js'
import { decodeParcel, type Parcel } from './parcel.js'
import { remaining } from './remaining.js'

export interface DeadLetter<T> {
  readonly id: string
  /** Undefined if what lay in the queue was not an item, which is then why it was given up. */
  readonly value: T | undefined
  readonly priority: number
  readonly dedupeId: string | undefined
}

export class DeadLetters {
  readonly #core: Core
  readonly #kv: Kv
  readonly #layout: QueueLayout

  constructor(core: Core, layout: QueueLayout) {
    this.#core = core
    this.#kv = new Kv(core.rpc)
    this.#layout = layout
  }

  async list<T>(
    options: WaitOptions & { readonly limit?: number | undefined },
  ): Promise<readonly DeadLetter<T>[]> {
    const { dead } = this.#layout
    const { entries } = await this.#kv.range({ prefix: dead }, options)
    return entries.map((entry) => {
      const { value, priority = 0, dedupeId } = decodeParcel(entry.bytes) ?? {}
      return { id: entry.key.slice(dead.length), value: value as T | undefined, priority, dedupeId }
    })
  }

  async discard(id: string, options: WaitOptions): Promise<boolean> {
    const { deleted } = await this.#kv.delete(this.#layout.dead + id, options)
    return deleted > 0
  }

  async requeue(id: string, options: WaitOptions): Promise<boolean> {
    const { rpc } = this.#core
    const startedAt = rpc.clock.now()
    const letter = await this.#kv.get(this.#layout.dead + id, options)
    if (letter === undefined) return false
    const parcel = decodeParcel(letter.bytes)
    if (parcel === undefined) throw refused(`dead letter ${id} is not an item`)
    const { letterKey, dedupeKey } = this.#keysOf(id, parcel)
    const isStillThere = compare.createRevision(letterKey, '=', letter.createRevision)
    const { result } = await callTxn(
      rpc,
      {
        if: dedupeKey === undefined ? [isStillThere] : [isStillThere, compare.absent(dedupeKey)],
        then: this.#moves(id, parcel, letter),
        else: [op.get(letterKey), op.get(dedupeKey ?? letterKey)],
      },
      { ...remaining(options, rpc.clock, startedAt), repetition: 'once' },
    )
    if (result.succeeded) return true
    const [current, other] = result.results
    if (current.entry?.createRevision !== letter.createRevision) return false
    throw refused(`${other.entry?.text() ?? 'another item'} with its dedupeId is in the queue`)
  }

  /** It joins the end of the queue. How often it was claimed was forgotten when it was given up. */
  #moves(id: string, parcel: Parcel, { bytes }: Entry): Op<unknown>[] {
    const { priority } = parcel
    const place = { priority, seenRevision: this.#core.rpc.latestRevision, ordinal: 0 }
    const { letterKey, dedupeKey } = this.#keysOf(id, parcel)
    const moves: Op<unknown>[] = [
      op.delete(letterKey),
      op.put(this.#layout.bodies + id, bytes),
      op.put(this.#layout.itemKey(place, id), ''),
    ]
    if (dedupeKey !== undefined) moves.push(op.put(dedupeKey, id))
    return moves
  }

  #keysOf(
    id: string,
    { dedupeId }: Parcel,
  ): { readonly letterKey: string; readonly dedupeKey: string | undefined } {
    const { dead, dedupes } = this.#layout
    return {
      letterKey: dead + id,
      dedupeKey: dedupeId === undefined ? undefined : dedupes + dedupeId,
    }
  }
}

function refused(message: string): HoldfastError {
  return new HoldfastError('failedPrecondition', message, { outcome: 'not-applied' })
}
