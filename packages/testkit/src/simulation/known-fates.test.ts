import { describe, expect, it } from 'vitest'
import type { OperationRecord } from '../history/operation-record.js'
import { KnownFates } from './known-fates.js'
import type { LedgerListener } from './ledger.js'

const PUT = { type: 'put' }

/** A ledger in which requests were committed, each with the revision that it made and at a time. */
function fatesOf(
  ...committed: readonly (readonly [id: string, made: number | undefined, atMs: number])[]
) {
  let tell: LedgerListener = () => undefined
  const fates = new KnownFates({ listen: (listener) => void (tell = listener) })
  for (const [id, madeRevision, atMs] of committed) {
    tell({
      ...{ madeRevision, atMs },
      applied: { proposal: { requestId: { id } } },
    } as Parameters<LedgerListener>[0])
  }
  fates.sent(PUT, '1-request-1')
  return fates
}

function record(type: 'unknown' | 'failed', input = PUT): OperationRecord<unknown, unknown> {
  return { process: 'p', kind: 'kv', startMs: 1, endMs: 2, input, outcome: { type } }
}

describe('of a write whose client was not told', () => {
  it('the first effect of its id says by when it was applied', () => {
    const fates = fatesOf(['other', 2, 10], ['request-1', 3, 20], ['request-1', undefined, 30])
    expect(fates.settle(record('unknown'))).toMatchObject({
      endMs: 20,
      outcome: { type: 'applied' },
    })
  })

  it('an id without an effect says that it never was', () => {
    const fates = fatesOf(['other', 2, 10], ['request-1', undefined, 20])
    expect(fates.settle(record('unknown')).outcome).toEqual({ type: 'failed' })
  })

  it('nothing is said without an id', () => {
    const fates = fatesOf(['request-1', 2, 10])
    const other = record('unknown', { type: 'delete' })
    expect(fates.settle(other)).toBe(other)
  })

  it('an effect is a lie of who said that there was none', () => {
    const fates = fatesOf(['request-1', 2, 10])
    expect(() => fates.settle(record('failed'))).toThrow(/was not applied, and it was/)
  })
})
