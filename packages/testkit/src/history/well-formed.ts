/**
 * Whether a history is one: a recorder that mixes things up would make every other checker accept or
 * refuse the wrong thing. A process does one thing at a time (Jepsen: well-formed histories), an
 * answer has a time, and nothing is answered before it is asked.
 */

import { describeRecord, type OperationRecord } from './operation-record.js'
import type { Violation } from './violation.js'

type AnyRecord = OperationRecord<unknown, unknown>

export type MalformedHistory = Violation<
  'answerWithoutTime' | 'endsBeforeItStarts' | 'twoThingsAtATime',
  AnyRecord
>

export function checkWellFormed(records: readonly AnyRecord[]): readonly MalformedHistory[] {
  const found: MalformedHistory[] = []
  const report = (kind: MalformedHistory['kind'], ...at: readonly AnyRecord[]) =>
    found.push({ kind, message: at.map(describeRecord).join(' and '), records: at })

  const newest = new Map<string, AnyRecord>()
  for (const record of [...records].sort((a, b) => a.startMs - b.startMs)) {
    if (record.endMs === undefined && record.outcome.type === 'ok') {
      report('answerWithoutTime', record)
    }
    if (record.endMs !== undefined && record.endMs < record.startMs) {
      report('endsBeforeItStarts', record)
    }
    const before = newest.get(record.process)
    if (before !== undefined && (before.endMs ?? Infinity) > record.startMs) {
      report('twoThingsAtATime', before, record)
    }
    newest.set(record.process, record)
  }
  return found
}
