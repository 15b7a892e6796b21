/**
 * The order of a queue, as text: higher priority first, and within a priority the older create
 * revision first.
 *
 * An item's key is `<level>-<seen>-<ordinal>-<id>`:
 *
 * - the level counts priorities from the highest down, so that keys in order are priorities in order;
 * - the seen revision is the newest one that whoever put the item there had seen. It is less than the
 *   item's create revision, and usually only just: so within a level the order of keys is nearly that
 *   of create revisions. `head.ts` makes "nearly" into "exactly";
 * - the ordinal orders what one transaction put there, which has one create revision.
 *
 * Example: with priority 1, put at revision 4711 by who had seen 4708:
 * `32766-0000000000004708-00-<id>`.
 */

/** Priorities are integers of 16 bits; both ends are allowed. */
export const MIN_PRIORITY = -32_768
export const MAX_PRIORITY = 32_767
/** Ordinals have two digits. */
export const MAX_PLACES_AT_ONCE = 100

const LEVEL_DIGITS = 5
/** Of a safe integer: a revision, or milliseconds. */
const INTEGER_DIGITS = 16

export interface Place {
  readonly priority: number
  readonly seenRevision: number
  readonly ordinal: number
}

export function formatPlace({ priority, seenRevision, ordinal }: Place): string {
  return `${formatLevel(priority)}-${formatInteger(seenRevision)}-${String(ordinal).padStart(2, '0')}`
}

/** Undefined when it is not one of ours. */
export function parsePlace(text: string): (Place & { readonly id: string }) | undefined {
  const parts = /^(\d{5})-(\d{16})-(\d{2})-(.+)$/s.exec(text)
  if (parts === null) return undefined
  const [, level, seen, ordinal, id = ''] = parts
  return {
    priority: parseLevel(level),
    seenRevision: Number(seen),
    ordinal: Number(ordinal),
    id,
  }
}

export function formatLevel(priority: number): string {
  return String(MAX_PRIORITY - priority).padStart(LEVEL_DIGITS, '0')
}

export function parseLevel(text: string | undefined): number {
  return MAX_PRIORITY - Number(text)
}

export function formatInteger(value: number): string {
  return String(value).padStart(INTEGER_DIGITS, '0')
}
