/**
 * Majority arithmetic, in one place, so that commit, votes, reads and CheckQuorum cannot disagree
 * about what a quorum is. Pure functions over the voters; learners never get this far.
 *
 * Source: Raft §5.2, §5.3; etcd: quorum/majority.go.
 */

import { invariant } from './invariant.js'
import type { MemberId } from './message.js'

/** The smallest number of voters any two sets of which must share a member. */
export function quorumSize(voterCount: number): number {
  invariant(voterCount >= 1, 'a quorum needs at least one voter')
  return Math.floor(voterCount / 2) + 1
}

/** The largest position that a quorum of `voters` has reached. */
export function quorumPosition(
  voters: readonly MemberId[],
  positionOf: (id: MemberId) => number,
): number {
  const positions: number[] = []
  for (const id of voters) insertDescending(positions, positionOf(id))
  const position = positions[quorumSize(voters.length) - 1]
  invariant(position !== undefined, 'every voter has a position')
  return position
}

/** Whether those of `voters` for which `holds` is true are a quorum. */
export function isQuorum(voters: readonly MemberId[], holds: (id: MemberId) => boolean): boolean {
  let count = 0
  for (const id of voters) if (holds(id)) count += 1
  return count >= quorumSize(voters.length)
}

/** Clusters have three to seven voters: an insertion sort beats the general one and its closure. */
function insertDescending(sorted: number[], value: number): void {
  let at = sorted.length
  for (; at > 0; at -= 1) {
    const before = sorted[at - 1]
    if (before === undefined || before >= value) break
    sorted[at] = before
  }
  sorted[at] = value
}
