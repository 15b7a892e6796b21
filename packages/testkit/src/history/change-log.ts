/**
 * All changes of a store in their order, as a watch of everything from revision 1 on tells them, or
 * the history of a member.
 */

import type { KeyValue } from './kv-operation.js'

export interface PutEvent {
  readonly type: 'put'
  readonly kv: KeyValue
  readonly prevKv?: KeyValue
}

export interface DeleteEvent {
  readonly type: 'delete'
  readonly key: string
  readonly modRevision: number
  readonly prevKv?: KeyValue
}

export type ChangeEvent = PutEvent | DeleteEvent

/** Everything that one command changed. */
export interface Change {
  readonly revision: number
  /** In the order in which they were made. */
  readonly events: readonly ChangeEvent[]
}

export function keyOf(event: ChangeEvent): string {
  return event.type === 'put' ? event.kv.key : event.key
}

export function modRevisionOf(event: ChangeEvent): number {
  return event.type === 'put' ? event.kv.modRevision : event.modRevision
}

export function withPrevKv(event: ChangeEvent, prevKv: KeyValue | undefined): ChangeEvent {
  const before = prevKv === undefined ? {} : { prevKv }
  if (event.type === 'put') return { type: 'put', kv: event.kv, ...before }
  return { type: 'delete', key: event.key, modRevision: event.modRevision, ...before }
}

export function leaseOf({ lease }: KeyValue): string | undefined {
  return lease === '0' ? undefined : lease
}

export function isSameKeyValue(a: KeyValue | undefined, b: KeyValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.key === b.key &&
    a.value === b.value &&
    a.createRevision === b.createRevision &&
    a.modRevision === b.modRevision &&
    a.version === b.version &&
    leaseOf(a) === leaseOf(b)
  )
}

/** Whether both say the same of what is there afterwards; what was there before is another matter. */
export function isSameEvent(a: ChangeEvent, b: ChangeEvent): boolean {
  if (a.type === 'put' && b.type === 'put') return isSameKeyValue(a.kv, b.kv)
  return a.type === b.type && keyOf(a) === keyOf(b) && modRevisionOf(a) === modRevisionOf(b)
}

export function areSameEvents(a: readonly ChangeEvent[], b: readonly ChangeEvent[]): boolean {
  return (
    a.length === b.length &&
    a.every((event, index) => {
      const other = b[index]
      return other !== undefined && isSameEvent(event, other)
    })
  )
}
