/**
 * Where a queue keeps what, below `<name>/`:
 *
 * - `item/<id>`: an item, as JSON. Items are taken in the order of their create revisions.
 * - `claim/<id>`: somebody works on it. Bound to his session, so that it vanishes when he dies; the
 *   item itself stays where it is and keeps its place.
 * - `try/<id>`: its version counts how often the item was claimed.
 * - `dead/<id>`: an item that was given up after too many attempts.
 *
 * An id begins with the newest revision that its producer had seen, in 16 digits. That is less than
 * the item's create revision, and usually only just: so the order of keys is nearly that of revisions,
 * and the head of a queue of a million items is found at the beginning of the interval, without
 * sorting it. See `head.ts` for how "nearly" becomes "exactly".
 */

import { nanoid } from 'nanoid'

const REVISION_DIGITS = 16

export class QueueLayout {
  /** The name and a slash: everything of this queue. */
  readonly prefix: string
  readonly items: string
  readonly claims: string
  readonly tries: string
  readonly dead: string

  constructor(name: string) {
    this.prefix = `${name}/`
    this.items = `${name}/item/`
    this.claims = `${name}/claim/`
    this.tries = `${name}/try/`
    this.dead = `${name}/dead/`
  }

  newId(seenRevision: number): string {
    return `${String(seenRevision).padStart(REVISION_DIGITS, '0')}-${nanoid()}`
  }
}

/** The revision that the producer had seen: the item was created after it. */
export function seenRevisionOf(id: string): number {
  const revision = Number(id.slice(0, REVISION_DIGITS))
  // Whatever else somebody put there sorts as the oldest.
  return Number.isSafeInteger(revision) ? revision : 0
}
