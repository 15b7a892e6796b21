/**
 * Who belongs to the cluster (thesis §4). A membership takes effect on each member as soon as its
 * entry is in that member's log, committed or not, and loses it again if the entry is truncated.
 *
 * Its entry holds the whole membership, not the change: `voters;learners;` in ASCII, ids separated
 * by commas, then the context's bytes.
 */

import { invariant } from './invariant.js'
import type { MemberId } from './member-id.js'

/** Learners replicate but neither vote nor count. */
export interface Membership {
  readonly voters: readonly MemberId[]
  readonly learners: readonly MemberId[]
  /** What the driver keeps with it, such as addresses. The core never looks inside. */
  readonly context?: Uint8Array
}

/** A membership and the index of the entry that made it so; 0 for that of the start. */
export interface MembershipAt {
  readonly index: number
  readonly membership: Membership
}

const SEMICOLON = 0x3b
const MEMBER_ID = /^[1-9][0-9]*$/
const NO_CONTEXT = new Uint8Array(0)

/** Ids are also the words of an encoded membership: one with a comma in it would be two members. */
export function checkMemberId(id: MemberId): void {
  invariant(MEMBER_ID.test(id), `a member id is a positive integer, not "${id}"`)
}

/** @throws {InvariantViolation} when somebody is listed twice, or nobody votes */
export function checkMembership({ voters, learners }: Membership): void {
  const all = [...voters, ...learners]
  for (const id of all) checkMemberId(id)
  invariant(new Set(all).size === all.length, 'nobody belongs to the cluster twice')
  invariant(voters.length > 0, 'a cluster has a voter')
}

/** @throws {InvariantViolation} when it could not be decoded again */
export function encodeMembership(membership: Membership): Uint8Array {
  checkMembership(membership)
  const { voters, learners, context = NO_CONTEXT } = membership
  const text = `${voters.join(',')};${learners.join(',')};`
  const data = new Uint8Array(text.length + context.length)
  for (let at = 0; at < text.length; at += 1) data[at] = text.charCodeAt(at)
  data.set(context, text.length)
  return data
}

/** @throws {InvariantViolation} when the data is not a membership */
export function decodeMembership(data: Uint8Array): Membership {
  const voters = readIds(data, 0)
  const learners = readIds(data, voters.end)
  const context = data.slice(learners.end)
  const membership = { voters: voters.ids, learners: learners.ids, context }
  checkMembership(membership)
  return membership
}

/** The ids up to the next semicolon, and where what follows that begins. */
function readIds(data: Uint8Array, from: number): { ids: readonly MemberId[]; end: number } {
  const semicolon = data.indexOf(SEMICOLON, from)
  invariant(semicolon >= 0, 'the entry of a membership is damaged')
  let text = ''
  for (const code of data.subarray(from, semicolon)) text += String.fromCharCode(code)
  return { ids: text === '' ? [] : text.split(','), end: semicolon + 1 }
}
