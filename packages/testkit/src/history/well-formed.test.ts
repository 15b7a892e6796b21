import { describe, expect, it } from 'vitest'
import { decodeHistory, encodeHistory } from './history-lines.js'
import type { OperationRecord, Outcome } from './operation-record.js'
import { checkWellFormed } from './well-formed.js'

const ok: Outcome<string> = { type: 'ok', output: 'x' }

function record(
  process: string,
  startMs: number,
  endMs?: number,
  outcome: Outcome<string> = ok,
): OperationRecord<string, string> {
  const end = endMs === undefined ? {} : { endMs }
  return { process, kind: 'any', startMs, ...end, input: 'do', outcome }
}

function kinds(...records: readonly OperationRecord<string, string>[]): readonly string[] {
  return checkWellFormed(records).map(({ kind }) => kind)
}

describe('a well-formed history', () => {
  it('has processes that do one thing at a time, also one right after the other', () => {
    expect(kinds(record('a', 0, 5), record('b', 2, 9), record('a', 5, 6))).toEqual([])
    const violations = checkWellFormed([record('a', 4, 6), record('a', 0, 5)])
    expect(violations).toEqual([
      {
        kind: 'twoThingsAtATime',
        message: 'a any "do" → "x" [0–5 ms] and a any "do" → "x" [4–6 ms]',
        records: [record('a', 0, 5), record('a', 4, 6)],
      },
    ])
  })

  it('has nothing more of a process that was never answered', () => {
    const unanswered = record('a', 0, undefined, { type: 'unknown' })
    expect(kinds(unanswered)).toEqual([])
    expect(kinds(unanswered, record('a', 9, 10))).toEqual(['twoThingsAtATime'])
  })

  it('has a time for each answer, and not before the question', () => {
    expect(kinds(record('a', 0))).toEqual(['answerWithoutTime'])
    expect(kinds(record('a', 3, 3))).toEqual([])
    expect(kinds(record('a', 3, 2))).toEqual(['endsBeforeItStarts'])
  })
})

describe('a history as lines', () => {
  const history = [record('a', 0.25, 5), record('b', 1, undefined, { type: 'unknown' })]

  it('is read as it was written', () => {
    expect(decodeHistory(encodeHistory(history))).toEqual(history)
    expect(decodeHistory('')).toEqual([])
    expect(decodeHistory('{}\n\n{}\n')).toEqual([{}, {}])
  })

  it('may end in the middle of a line, which does not count', () => {
    expect(decodeHistory(encodeHistory(history).slice(0, -1))).toEqual(history.slice(0, 1))
    expect(() => decodeHistory('{"process":\n')).toThrow(SyntaxError)
  })
})
