import { describe, expect, it } from 'vitest'
import { checkSet, type AddRecord, type ReadRecord } from './set-check.js'

function add(element: string, startMs: number, endMs: number, type = 'ok'): AddRecord {
  const outcome = type === 'ok' ? { type, output: {} } : { type: type as 'failed' | 'unknown' }
  return { process: 'a', kind: 'setAdd', startMs, endMs, input: { element }, outcome } as AddRecord
}

function read(startMs: number, endMs: number, ...elements: readonly string[]): ReadRecord {
  const outcome = { type: 'ok', output: { elements } } as const
  return { process: 'r', kind: 'setRead', startMs, endMs, input: {}, outcome }
}

function kinds(adds: readonly AddRecord[], ...reads: readonly ReadRecord[]): readonly string[] {
  return checkSet(adds, reads).map(({ kind }) => kind)
}

const x = add('x', 0, 5)

describe('a set that only grows (Jepsen: set-full)', () => {
  it('has what was added, from its acknowledgement on', () => {
    expect(kinds([x], read(6, 7, 'x'), read(8, 9, 'x'))).toEqual([])
    expect(kinds([x], read(1, 9))).toEqual([])
    expect(kinds([x], read(5, 9))).toEqual([])
    expect(kinds([x])).toEqual([])
  })

  it('never read: acknowledged, and in no read', () => {
    expect(checkSet([x], [read(6, 7)])).toMatchObject([
      { kind: 'neverRead', records: [x, read(6, 7)] },
    ])
  })

  it('stale element: missing in one read, there in a later one', () => {
    expect(kinds([x], read(6, 7), read(8, 9, 'x'))).toEqual(['staleElement'])
    expect(kinds([x], read(1, 2, 'x'), read(3, 4), read(8, 9, 'x'))).toEqual(['staleElement'])
  })

  it('lost element: missing from some read on', () => {
    expect(kinds([x], read(6, 7, 'x'), read(8, 9))).toEqual(['lostElement'])
    expect(kinds([x], read(6, 7), read(8, 9, 'x'), read(10, 11))).toEqual(['lostElement'])
  })

  it('of an addition without an answer: there for good once it was read', () => {
    const unknown = add('x', 0, 5, 'unknown')
    expect(kinds([unknown], read(6, 7))).toEqual([])
    expect(kinds([unknown], read(6, 7), read(8, 9, 'x'))).toEqual([])
    expect(kinds([unknown], read(6, 7, 'x'), read(8, 9))).toEqual(['lostElement'])
    expect(kinds([unknown], read(6, 8, 'x'), read(8, 9))).toEqual([])
  })

  it('element from nowhere: nobody added it, or in vain, or only later', () => {
    const seen = read(6, 7, 'x')
    expect(checkSet([], [seen])).toMatchObject([{ kind: 'elementFromNowhere', records: [seen] }])
    const failed = add('x', 0, 5, 'failed')
    expect(checkSet([failed], [seen])).toMatchObject([
      { kind: 'elementFromNowhere', records: [failed, seen] },
    ])
    expect(kinds([add('x', 0, 5, 'failed')], read(6, 7))).toEqual([])
    expect(kinds([add('x', 8, 9)], read(6, 7, 'x'))).toEqual(['readBeforeAdd'])
    expect(kinds([add('x', 7, 9)], read(6, 7, 'x'))).toEqual([])
  })

  it('of reads without an answer nothing is said', () => {
    const lost: ReadRecord = { ...read(6, 7), outcome: { type: 'unknown' } }
    expect(kinds([x], lost)).toEqual([])
  })
})
