/**
 * Where a queue keeps what, below `<name>/`:
 *
 * - `body/<id>`: an item's content and options (`parcel.ts`), from the push to the acknowledgement.
 * - `item/<place>-<id>`: the item waits, or is worked on. Empty, and in the order of the queue
 *   (`place.ts`): what is read to find the head is small, however large the items are.
 * - `delayed/<due>-<level>-<id>`: the item is not due yet. Empty, and in the order of falling due.
 * - `claim/<id>`: somebody works on it. Bound to his session, so that it vanishes when he dies; the
 *   item itself stays where it is and keeps its place.
 * - `try/<id>`: its version counts how often the item was claimed.
 * - `dedupe/<dedupe id>`: the id of the item in the queue that has this dedupe id.
 * - `dead/<id>`: the content of an item that was given up after too many attempts.
 *
 * An item is in one of `item/`, `delayed/` and `dead/`; it has a body in the first two. Everything
 * that a waiting consumer must hear of lies side by side, from `claim/` to `item/`, and no body does.
 */

import { prefixEnd, utf8Encode } from '@holdfast/protocol'
import type { KeyRange } from '../kv/keys.js'
import {
  formatInteger,
  formatLevel,
  formatPlace,
  parseLevel,
  parsePlace,
  type Place,
} from './place.js'

/** An item that waits for its time. */
export interface DelayedItem {
  readonly id: string
  readonly priority: number
  /** By the wall clock of its producer. */
  readonly dueMs: number
}

export class QueueLayout {
  readonly bodies: string
  readonly items: string
  readonly delayed: string
  readonly claims: string
  readonly tries: string
  readonly dedupes: string
  readonly dead: string

  constructor(name: string) {
    this.bodies = `${name}/body/`
    this.items = `${name}/item/`
    this.delayed = `${name}/delayed/`
    this.claims = `${name}/claim/`
    this.tries = `${name}/try/`
    this.dedupes = `${name}/dedupe/`
    this.dead = `${name}/dead/`
  }

  /** The first key after all items. */
  get itemsEnd(): Uint8Array {
    return prefixEnd(utf8Encode(this.items))
  }

  /** Every item of a higher priority. */
  itemsAbove(priority: number): KeyRange {
    return { from: this.items, to: this.items + formatLevel(priority) }
  }

  /** What tells of items that came, became free, or will be due. */
  get news(): KeyRange {
    return { from: this.claims, to: this.itemsEnd }
  }

  /** @param uniqueId drawn for this item */
  newId(seenRevision: number, uniqueId: string): string {
    return `${formatInteger(seenRevision)}-${uniqueId}`
  }

  itemKey(place: Place, id: string): string {
    return `${this.items}${formatPlace(place)}-${id}`
  }

  /** The first key of a priority whose producer had seen this revision. */
  itemsSince({ priority, seenRevision }: Omit<Place, 'ordinal'>): string {
    return `${this.items}${formatLevel(priority)}-${formatInteger(seenRevision)}`
  }

  /** Undefined for a key that is not an item's, or that somebody else put there. */
  parseItem(key: string): (Place & { readonly id: string }) | undefined {
    return key.startsWith(this.items) ? parsePlace(key.slice(this.items.length)) : undefined
  }

  delayedKey({ id, priority, dueMs }: DelayedItem): string {
    return `${this.delayedFrom(dueMs)}-${formatLevel(priority)}-${id}`
  }

  /** The first key of what is due at a moment or later. */
  delayedFrom(dueMs: number): string {
    return this.delayed + formatInteger(dueMs)
  }

  parseDelayed(key: string): DelayedItem | undefined {
    if (!key.startsWith(this.delayed)) return undefined
    const parts = /^(\d{16})-(\d{5})-(.+)$/s.exec(key.slice(this.delayed.length))
    if (parts === null) return undefined
    const [, due, level, id = ''] = parts
    return { id, priority: parseLevel(level), dueMs: Number(due) }
  }
}
