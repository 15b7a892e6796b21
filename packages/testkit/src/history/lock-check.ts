/**
 * Locks and elections as their contenders saw them (catalogue 80 to 83): one holder at a time, tokens
 * that grow with each grant, grants in the order of arrival, and no write of a former holder.
 *
 * The order of arrival is that of the create revisions of the contenders' keys. A contender has been
 * overtaken if somebody with a higher one was granted while he waited: he was granted later, or he
 * gave up later. Whose session was lost may have been out of the queue before he knew, and who never
 * came to an end may have died: of those nothing is said.
 *
 * Trusted: the clock of the history, and that a holder's record ends before it gives the lock away.
 */

import { groupedBy } from './grouped-by.js'
import { violation, type Violation } from './violation.js'

export interface ContenderRecord {
  readonly kind: 'contender'
  readonly process: string
  /** Of the lock or the election. */
  readonly name: string
  readonly requestedMs: number
  /** Absent: never. */
  readonly grantedMs?: number
  /**
   * When it stopped acting as the holder, before it released or when it was told of the loss; of one
   * that was never granted, when it gave up. Absent: it died, and nothing is known after its grant.
   */
  readonly endedMs?: number
  /** Whether it ended because its session was gone. */
  readonly lost?: boolean
  /** The fencing token that came with the grant. */
  readonly token?: number
  /** Of its key in the queue, if it was told. */
  readonly createRevision?: number
}

/** A write that was accepted under a token, as the guarded resource has it. */
export interface GuardedWrite {
  readonly kind: 'guardedWrite'
  readonly name: string
  readonly token: number
}

export type LockViolation = Violation<
  'overlap' | 'tokenWentBack' | 'overtaking' | 'staleWrite' | 'foreignWrite',
  ContenderRecord | GuardedWrite
>

interface Grant extends ContenderRecord {
  readonly grantedMs: number
}

/** `writes` in the order in which the resource accepted them. */
export function checkLocks(
  contenders: readonly ContenderRecord[],
  writes: readonly GuardedWrite[] = [],
): readonly LockViolation[] {
  const contendersOf = groupedBy(contenders, ({ name }) => name)
  const writesOf = groupedBy(writes, ({ name }) => name)
  return [...new Set([...contendersOf.keys(), ...writesOf.keys()])].flatMap((name) => {
    const ofName = contendersOf.get(name) ?? []
    const grants = ofName.filter(isGrant).sort(inOrderOfGrant)
    return [
      ...overlaps(grants),
      ...tokensGoingBack(grants),
      ...overtakings(ofName, grants),
      ...wrongWrites(writesOf.get(name) ?? [], grants),
    ]
  })
}

function isGrant(contender: ContenderRecord): contender is Grant {
  return contender.grantedMs !== undefined
}

/** What was granted and given up within a millisecond is in the order of its tokens. */
function inOrderOfGrant(a: Grant, b: Grant): number {
  return a.grantedMs - b.grantedMs || (a.token ?? 0) - (b.token ?? 0)
}

function endOf({ grantedMs, endedMs = grantedMs }: Grant): number {
  return endedMs
}

function overlaps(grants: readonly Grant[]): readonly LockViolation[] {
  const found: LockViolation[] = []
  let latest: Grant | undefined
  for (const grant of grants) {
    if (latest !== undefined && grant.grantedMs < endOf(latest)) {
      found.push(violation('overlap', `held until ${endOf(latest)} ms by`, latest, grant))
    }
    if (latest === undefined || endOf(grant) > endOf(latest)) latest = grant
  }
  return found
}

function tokensGoingBack(grants: readonly Grant[]): readonly LockViolation[] {
  const found: LockViolation[] = []
  let newest: Grant | undefined
  for (const grant of grants) {
    if (grant.token === undefined) continue
    if (newest?.token !== undefined && grant.token <= newest.token) {
      found.push(violation('tokenWentBack', `token ${newest.token} was before in`, newest, grant))
    } else {
      newest = grant
    }
  }
  return found
}

function overtakings(
  contenders: readonly ContenderRecord[],
  grants: readonly Grant[],
): readonly LockViolation[] {
  const found: LockViolation[] = []
  const waits = contenders
    .flatMap((contender) => {
      const until = endOfWait(contender)
      return until === undefined ? [] : [{ contender, until }]
    })
    .sort((a, b) => a.until - b.until)
  let next = 0
  let latecomer: Grant | undefined
  for (const { contender, until } of waits) {
    for (;;) {
      const grant = grants[next]
      if (grant === undefined || grant.grantedMs >= until) break
      if (isBehind(grant, latecomer)) latecomer = grant
      next += 1
    }
    if (latecomer !== undefined && isBehind(latecomer, contender)) {
      found.push(violation('overtaking', 'came later and was granted first:', latecomer, contender))
    }
  }
  return found
}

/** Undefined if it cannot be said. */
function endOfWait({ grantedMs, endedMs, lost }: ContenderRecord): number | undefined {
  return grantedMs ?? (lost === true ? undefined : endedMs)
}

/** In the queue, as far as places are known. */
function isBehind(
  { createRevision }: ContenderRecord,
  other: ContenderRecord | undefined,
): boolean {
  if (createRevision === undefined) return false
  return other === undefined || createRevision > (other.createRevision ?? Infinity)
}

function wrongWrites(
  writes: readonly GuardedWrite[],
  grants: readonly Grant[],
): readonly LockViolation[] {
  const holders = new Map(grants.map((grant) => [grant.token, grant]))
  const found: LockViolation[] = []
  let newest: GuardedWrite | undefined
  for (const write of writes) {
    const holder = holders.get(write.token)
    if (holder === undefined) {
      found.push(violation('foreignWrite', 'nobody was granted the token of', write))
    } else if (newest !== undefined && write.token < newest.token) {
      const what = `after a write under token ${newest.token}, by`
      found.push(violation('staleWrite', what, write, holder))
    }
    if (newest === undefined || write.token > newest.token) newest = write
  }
  return found
}
