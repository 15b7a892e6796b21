import { describe, expect, it } from 'vitest'
import type { Outcome } from './operation-record.js'
import { checkLeases, type LeaseRecord, type LeaseSighting } from './lease-check.js'

type Ended = 'failed' | 'unknown'

/** A record of lease 7, whose TTL is 10 s unless given. */
function record(
  kind: 'leaseGrant' | 'leaseKeepAlive' | 'leaseRevoke',
  startMs: number,
  endMs: number | undefined,
  answer: number | Ended = 10,
): LeaseRecord {
  const outcome: Outcome<{ ttlSeconds: number }> =
    typeof answer === 'number' ? { type: 'ok', output: { ttlSeconds: answer } } : { type: answer }
  const end = endMs === undefined ? {} : { endMs }
  return { kind, process: 'c', startMs, ...end, input: { id: '7' }, outcome }
}

const grant = (startMs: number, endMs?: number, answer?: number | Ended) =>
  record('leaseGrant', startMs, endMs, answer)
const renew = (startMs: number, endMs?: number, answer?: number | Ended) =>
  record('leaseKeepAlive', startMs, endMs, answer)
const revoke = (startMs: number, endMs?: number, answer?: Ended) =>
  record('leaseRevoke', startMs, endMs, answer)

function seen(isThere: boolean, seenMs: number, id = '7'): LeaseSighting {
  return { kind: 'leaseSighting', process: 'w', id, isThere, seenMs }
}

const gone = (seenMs: number) => seen(false, seenMs)
const there = (seenMs: number) => seen(true, seenMs)

function kinds(...records: readonly LeaseRecord[]): readonly string[] {
  return checkLeases(records, { boundMs: 500 }).map(({ kind }) => kind)
}

describe('a lease lives for its TTL (catalogue 71)', () => {
  it('from when the grant was sent, at least', () => {
    expect(kinds(grant(100, 300), gone(10_100))).toEqual([])
    expect(kinds(grant(100, 300), there(10_000), gone(10_150))).toEqual([])
  })

  it('early expiry: gone before the TTL of the grant is over', () => {
    const early = gone(10_099)
    expect(checkLeases([grant(100, 300), early], { boundMs: 0 })).toEqual([
      {
        kind: 'earlyExpiry',
        message:
          'lease 7 was gone at 10099 ms, promised until 10100 ms: ' +
          `${JSON.stringify(grant(100, 300))} and ${JSON.stringify(early)}`,
        records: [grant(100, 300), early],
      },
    ])
  })

  it('early expiry: gone before the TTL of an answered renewal is over', () => {
    expect(kinds(grant(0, 1), renew(5000, 5100), gone(14_999))).toEqual(['earlyExpiry'])
    expect(kinds(grant(0, 1), renew(5000, 5100), gone(15_000))).toEqual([])
    // The answer came after the end was seen; the renewal was executed on one side of it or the other.
    expect(kinds(grant(0, 1), renew(9000, 10_500), gone(10_400))).toEqual(['earlyExpiry'])
  })

  it('of a renewal that nobody answered, or that found nothing, nothing follows', () => {
    expect(kinds(grant(0, 1), renew(5000, 5100, 'unknown'), gone(10_000))).toEqual([])
    expect(kinds(grant(0, 1), renew(5000, 5100, 'failed'), gone(10_000))).toEqual([])
    expect(kinds(grant(0, 1), renew(10_000, 10_001, 0))).toEqual([])
    expect(kinds(grant(0, 1), renew(5000, 9999, 0))).toEqual(['earlyExpiry'])
  })

  it('the TTL that was answered counts, not another lease’s', () => {
    expect(kinds(grant(0, 1, 2), gone(2000))).toEqual([])
    expect(kinds(grant(0, 1, 2), gone(1999))).toEqual(['earlyExpiry'])
    expect(kinds(grant(0, 1), seen(false, 5, '8'))).toEqual([])
  })

  it('unless somebody asked to revoke it, answered or not', () => {
    expect(kinds(grant(0, 1), revoke(5, 9), gone(8))).toEqual([])
    expect(kinds(grant(0, 1), revoke(5, 9, 'unknown'), gone(8))).toEqual([])
    expect(kinds(grant(0, 1), revoke(5), gone(8))).toEqual([])
    expect(kinds(grant(0, 1), revoke(8, 9), gone(8))).toEqual([])
    expect(kinds(grant(0, 1), revoke(5, 9, 'failed'), gone(8))).toEqual(['earlyExpiry'])
    expect(kinds(grant(0, 1), revoke(9, 12), gone(8))).toEqual(['earlyExpiry'])
    expect(kinds(grant(0, 1), revoke(5, 9, 'unknown'), revoke(20, 21), gone(8))).toEqual([])
  })
})

describe('what has ended stays so (catalogue 72)', () => {
  it('revived: renewed after it was seen gone, or revoked', () => {
    expect(kinds(grant(0, 1), gone(10_000), renew(10_001, 10_002))).toEqual(['renewedAfterEnd'])
    expect(kinds(grant(0, 1), gone(10_000), renew(10_000, 10_002))).toEqual(['earlyExpiry'])
    expect(kinds(grant(0, 1), revoke(2, 5), renew(6, 7))).toEqual(['renewedAfterEnd'])
    expect(kinds(grant(0, 1), revoke(2, 5), renew(4, 7))).toEqual([])
    expect(kinds(grant(0, 1), revoke(2, 5, 'unknown'), renew(6, 7))).toEqual([])
    expect(kinds(grant(0, 1), renew(10_000, 10_001, 0), renew(10_002, 10_003))).toEqual([
      'renewedAfterEnd',
    ])
  })

  it('revived: seen after it was seen gone', () => {
    expect(kinds(grant(0, 1), gone(10_000), there(10_001))).toEqual(['thereAfterEnd'])
    expect(kinds(grant(0, 1), revoke(2, 5), there(6))).toEqual(['thereAfterEnd'])
    expect(kinds(grant(0, 1), revoke(2, 5), there(5))).toEqual([])
  })

  it('the earliest end counts, whatever the order of the records', () => {
    expect(kinds(gone(20_000), there(10_400), gone(10_000), grant(0, 1))).toEqual(['thereAfterEnd'])
  })
})

describe('a lease ends soon after its time (catalogue 71)', () => {
  it('outlived: seen later than its TTL after the last renewal, and the bound', () => {
    expect(kinds(grant(0, 100), there(10_600))).toEqual([])
    expect(kinds(grant(0, 100), there(10_601))).toEqual(['outlived'])
    expect(kinds(grant(0, 100), renew(5000, 5100), there(15_600))).toEqual([])
    expect(kinds(grant(0, 100), renew(5000, 5100), there(15_601))).toEqual(['outlived'])
  })

  it('a renewal without an answer may have been executed until its client gave it up', () => {
    expect(kinds(grant(0, 100), renew(5000, 6000, 'unknown'), there(16_500))).toEqual([])
    expect(kinds(grant(0, 100), renew(5000, 6000, 'unknown'), there(16_501))).toEqual(['outlived'])
    expect(kinds(grant(0, 100), renew(5000, undefined, 'unknown'), there(15_500))).toEqual([])
    expect(kinds(grant(0, 100), renew(5000, undefined, 'unknown'), there(15_501))).toEqual([
      'outlived',
    ])
    expect(kinds(grant(0, 100), renew(5000, 6000, 'failed'), there(10_601))).toEqual(['outlived'])
  })

  it('a keepalive that found nothing renewed nothing, and of no known TTL nothing is said', () => {
    expect(kinds(grant(0, 100), there(10_601), renew(20_000, 20_001, 0))).toEqual(['outlived'])
    expect(kinds(grant(0, 100, 'unknown'), there(90_000))).toEqual([])
    expect(kinds(there(90_000))).toEqual([])
  })

  it('has the longest TTL that was answered', () => {
    expect(kinds(grant(0, 100), renew(50, 100, 2), there(10_600))).toEqual([])
  })

  it('counts from when the faults had ended', () => {
    const records = [grant(0, 100), there(30_500), there(30_501)]
    expect(checkLeases(records, { boundMs: 500, healedMs: 30_000 })).toMatchObject([
      { kind: 'outlived', records: [there(30_501)] },
    ])
  })
})
