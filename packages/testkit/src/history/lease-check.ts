/**
 * Leases as their clients saw them (catalogue 71 to 73). An answered renewal, or the grant, gives the
 * lease its TTL from when the server executed it, which was not before it was sent. So a lease that
 * somebody saw gone earlier than sent + TTL of any answered renewal ended too early, unless a client
 * had asked to revoke it; a renewal that is answered although the lease was seen gone before it was
 * sent, or revoked, revived the dead. A lease that is still seen long after nobody renewed it any
 * more outlived its time.
 *
 * Trusted: the clock of the history, and that an id is granted once. In a simulation the sightings can
 * be exact; a client sees an end later than it was, which can only hide what came early.
 */

import { groupedBy } from './grouped-by.js'
import type { OperationRecord } from './operation-record.js'
import { violation, type Violation } from './violation.js'

/** A grant or a keepalive. */
export type RenewalRecord = OperationRecord<
  { readonly id: string },
  /** As it was answered; 0: there is no such lease. */
  { readonly ttlSeconds: number },
  'leaseGrant' | 'leaseKeepAlive'
>

export type RevocationRecord = OperationRecord<{ readonly id: string }, object, 'leaseRevoke'>

/** Somebody looked at the lease, or at a key on it that nobody else deletes. */
export interface LeaseSighting {
  readonly kind: 'leaseSighting'
  readonly process: string
  readonly id: string
  readonly isThere: boolean
  /** Of what is there: when it was asked for. Of what is gone: when that was answered or told. */
  readonly seenMs: number
}

export type LeaseRecord = RenewalRecord | RevocationRecord | LeaseSighting

export type LeaseViolation = Violation<
  'earlyExpiry' | 'renewedAfterEnd' | 'thereAfterEnd' | 'outlived',
  LeaseRecord
>

export interface LeaseCheckOptions {
  /**
   * How long after its TTL a lease may be there: scans, an election, the way through the log. A
   * renewal without an answer counts as executed when its client gave it up.
   */
  readonly boundMs: number
  /** Faults ended here; before, a lease may be there for any time. Default 0. */
  readonly healedMs?: number
}

export function checkLeases(
  records: readonly LeaseRecord[],
  options: LeaseCheckOptions,
): readonly LeaseViolation[] {
  const leases = groupedBy(records, idOf)
  return [...leases].flatMap(([id, ofLease]) => [
    ...earlyEnds(id, ofLease),
    ...lateEnds(id, ofLease, options),
  ])
}

/** What shows that a lease was gone at a time, or may have been by somebody's wish. */
interface End {
  readonly atMs: number
  readonly record: LeaseRecord
}

function earlyEnds(id: string, records: readonly LeaseRecord[]): readonly LeaseViolation[] {
  const found: LeaseViolation[] = []
  const ends = records.flatMap(endOf).sort((a, b) => a.atMs - b.atMs)
  const [firstEnd] = ends
  if (firstEnd === undefined) return found
  const { atMs, record: end } = firstEnd
  const revokedMs = Math.min(...records.filter(isRevocation).map(({ startMs }) => startMs))
  for (const renewal of records.filter(isGranting)) {
    if (renewal.startMs > atMs) {
      found.push(violation('renewedAfterEnd', `lease ${id} was gone at ${atMs} ms:`, end, renewal))
    } else if (revokedMs > atMs && atMs < promisedUntil(renewal)) {
      const what = `lease ${id} was gone at ${atMs} ms, promised until ${promisedUntil(renewal)} ms:`
      found.push(violation('earlyExpiry', what, renewal, end))
    }
  }
  const later = records.find((r) => r.kind === 'leaseSighting' && r.isThere && r.seenMs > atMs)
  if (later !== undefined) {
    found.push(violation('thereAfterEnd', `lease ${id} was gone at ${atMs} ms:`, end, later))
  }
  return found
}

function lateEnds(
  id: string,
  records: readonly LeaseRecord[],
  { boundMs, healedMs = 0 }: LeaseCheckOptions,
): readonly LeaseViolation[] {
  const ttlMs = Math.max(...records.filter(isGranting).map(ttlMsOf))
  const executed = records
    .filter(isRenewal)
    .filter((renewal) => ttlMsOf(renewal) > 0 || renewal.outcome.type === 'unknown')
    .map(({ startMs, endMs }) => endMs ?? startMs)
  if (ttlMs === -Infinity) return []
  const latestMs = Math.max(Math.max(...executed) + ttlMs, healedMs) + boundMs
  return records
    .filter((r): r is LeaseSighting => r.kind === 'leaseSighting')
    .filter(({ isThere, seenMs }) => isThere && seenMs > latestMs)
    .map((record) => violation('outlived', `lease ${id} should be gone by ${latestMs} ms:`, record))
}

/** A lease is gone when that was seen, and when a renewal or a revocation said so. */
function endOf(record: LeaseRecord): readonly End[] {
  if (record.kind === 'leaseSighting') {
    return record.isThere ? [] : [{ atMs: record.seenMs, record }]
  }
  if (record.outcome.type !== 'ok' || record.endMs === undefined) return []
  const isGone = isRevocation(record) || (isRenewal(record) && ttlMsOf(record) === 0)
  return isGone ? [{ atMs: record.endMs, record }] : []
}

function isRevocation(record: LeaseRecord): record is RevocationRecord {
  return record.kind === 'leaseRevoke' && record.outcome.type !== 'failed'
}

function isRenewal(record: LeaseRecord): record is RenewalRecord {
  return record.kind === 'leaseGrant' || record.kind === 'leaseKeepAlive'
}

function isGranting(record: LeaseRecord): record is RenewalRecord {
  return isRenewal(record) && ttlMsOf(record) > 0
}

function ttlMsOf({ outcome }: RenewalRecord): number {
  return outcome.type === 'ok' ? outcome.output.ttlSeconds * 1000 : 0
}

function promisedUntil(renewal: RenewalRecord): number {
  return renewal.startMs + ttlMsOf(renewal)
}

function idOf(record: LeaseRecord): string {
  return record.kind === 'leaseSighting' ? record.id : record.input.id
}
