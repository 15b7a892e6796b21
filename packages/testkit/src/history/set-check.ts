/**
 * A set that only grows, added to and read as a whole by many clients (Jepsen: set-full). An element
 * whose addition was acknowledged is in every read that began later; one that was read once is in
 * every read that begins after that; none is there that nobody added.
 *
 * A missing element is stale if a later read has it, and lost if none has; that the addition was
 * acknowledged and no read ever had it is the worst of the three.
 */

import type { OperationRecord } from './operation-record.js'
import type { Violation } from './violation.js'

export type AddRecord = OperationRecord<{ readonly element: string }, object, 'setAdd'>
export type ReadRecord = OperationRecord<
  object,
  { readonly elements: readonly string[] },
  'setRead'
>

export type SetViolation = Violation<
  'staleElement' | 'lostElement' | 'neverRead' | 'elementFromNowhere' | 'readBeforeAdd',
  AddRecord | ReadRecord
>

/** A read that was answered. */
interface View {
  readonly record: ReadRecord
  readonly endMs: number
  readonly elements: ReadonlySet<string>
}

export function checkSet(
  adds: readonly AddRecord[],
  reads: readonly ReadRecord[],
): readonly SetViolation[] {
  const views = reads.flatMap(viewOf)
  const addOf = new Map(adds.map((add) => [add.input.element, add]))
  const all = new Set([...addOf.keys(), ...views.flatMap(({ elements }) => [...elements])])
  return [...all].flatMap((element) => {
    const add = addOf.get(element)
    const seenBy = views.filter(({ elements }) => elements.has(element))
    return [...wrongOrigins(element, add, seenBy), ...absences(element, { add, seenBy, views })]
  })
}

function viewOf(record: ReadRecord): readonly View[] {
  if (record.outcome.type !== 'ok') return []
  const { elements } = record.outcome.output
  return [{ record, endMs: record.endMs ?? Infinity, elements: new Set(elements) }]
}

function wrongOrigins(
  element: string,
  add: AddRecord | undefined,
  seenBy: readonly View[],
): readonly SetViolation[] {
  const [first] = seenBy
  if (first === undefined) return []
  if (add === undefined) return [violation('elementFromNowhere', element, [first.record])]
  if (add.outcome.type === 'failed') {
    return [violation('elementFromNowhere', element, [add, first.record])]
  }
  const early = seenBy.find(({ endMs }) => endMs < add.startMs)
  return early === undefined ? [] : [violation('readBeforeAdd', element, [early.record, add])]
}

function absences(
  element: string,
  {
    add,
    seenBy,
    views,
  }: { add: AddRecord | undefined; seenBy: readonly View[]; views: readonly View[] },
): readonly SetViolation[] {
  const addedMs = add?.outcome.type === 'ok' ? (add.endMs ?? Infinity) : Infinity
  const knownMs = Math.min(addedMs, ...seenBy.map(({ endMs }) => endMs))
  const missing = views.filter(
    ({ record, elements }) => record.startMs > knownMs && !elements.has(element),
  )
  const [first] = missing
  if (first === undefined) return []
  const records = [...(add === undefined ? [] : [add]), first.record]
  if (seenBy.length === 0) return [violation('neverRead', element, records)]
  const lastMissing = Math.max(...missing.map(({ record }) => record.startMs))
  const isBack = seenBy.some(({ record }) => record.startMs > lastMissing)
  return [violation(isBack ? 'staleElement' : 'lostElement', element, records)]
}

function violation(
  kind: SetViolation['kind'],
  element: string,
  records: readonly (AddRecord | ReadRecord)[],
): SetViolation {
  const told = records.map((record) => JSON.stringify(record)).join(' and ')
  return { kind, message: `${kind} ${element}: ${told}`, records }
}
