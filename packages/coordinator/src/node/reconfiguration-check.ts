/**
 * Whether a change of the membership may be begun: it must make sense, and must not leave a cluster
 * without a majority that answers (etcd: strict reconfiguration check, on by default).
 */

import type { MemberId, Membership } from '@holdfast/raft'
import { MemberRefusal, type MemberChange } from './member-change.js'
import type { PeerBook } from './peer-book.js'

/** One that does not keep up costs the leader a stream and a snapshot (etcd: --max-learners). */
export const MAX_LEARNERS = 1

export interface ClusterView {
  readonly membership: Membership
  readonly book: PeerBook
  /** Who has told the cluster of itself, thus has started at least once. */
  readonly hasStarted: (id: MemberId) => boolean
  /** Whom the leader has heard within an election timeout; itself too. */
  readonly isActive: (id: MemberId) => boolean
}

/** @throws {MemberRefusal} */
export function checkReconfiguration(view: ClusterView, change: MemberChange): void {
  const { voters, learners } = view.membership
  const { id } = change
  const isMember = voters.includes(id) || learners.includes(id)
  if (change.type !== 'add' && !isMember) throw new MemberRefusal('memberNotFound')
  switch (change.type) {
    case 'add':
      if (isMember || view.book.removed.includes(id)) throw new MemberRefusal('memberExists')
      checkPeerUrls(view.book, change)
      if (!change.isLearner) checkMajority(view, [...voters, id])
      else if (learners.length >= MAX_LEARNERS) throw new MemberRefusal('tooManyLearners')
      return
    case 'promote':
      if (!learners.includes(id)) throw new MemberRefusal('memberNotLearner')
      checkMajority(view, [...voters, id])
      return
    case 'remove':
      if (voters.includes(id)) {
        checkMajority(
          view,
          voters.filter((voter) => voter !== id),
        )
      }
      return
    case 'update':
      checkPeerUrls(view.book, change)
      if (voters.includes(id) && moves(view.book, change)) checkMajorityWithout(view, id)
  }
}

function checkPeerUrls(
  book: PeerBook,
  { id, peerUrls }: Extract<MemberChange, { type: 'add' | 'update' }>,
): void {
  for (const [other, urls] of book.urls) {
    if (other !== id && urls.some((url) => peerUrls.includes(url))) {
      throw new MemberRefusal('peerUrlExists')
    }
  }
}

/** Whether the others will look for it elsewhere: they use the first. */
function moves(
  { urls }: PeerBook,
  { id, peerUrls }: Extract<MemberChange, { type: 'update' }>,
): boolean {
  return urls.get(id)?.[0] !== peerUrls[0]
}

/**
 * Nobody can tell whether a voter answers where it is said to be from now on, and the change cannot be
 * taken back without a majority. So those who are up without it must be one.
 *
 * In a cluster of two they never are, and in one of one nobody looks for it: there whoever asks is
 * believed. The two of a cluster that is told so have no leader until the one is where it is said to be.
 * Deviation: etcd asks for no majority at all.
 */
function checkMajorityWithout({ membership, isActive }: ClusterView, id: MemberId): void {
  const { voters } = membership
  if (voters.length <= 2) return
  const others = voters.filter((voter) => voter !== id && isActive(voter))
  if (others.length < quorumOf(voters)) throw new MemberRefusal('unhealthy')
}

function quorumOf(voters: readonly MemberId[]): number {
  return Math.floor(voters.length / 2) + 1
}

/** Those who are up now must be the majority of the voters afterwards. */
function checkMajority(
  { membership, hasStarted, isActive }: ClusterView,
  after: readonly MemberId[],
): void {
  // A cluster of one could otherwise never grow: its second voter is not up yet (etcd does the same).
  const grows = membership.voters.length === 1 && after.length === 2
  if (grows) return
  const quorum = quorumOf(after)
  if (after.filter(hasStarted).length < quorum) throw new MemberRefusal('notEnoughStarted')
  if (after.filter(isActive).length < quorum) throw new MemberRefusal('unhealthy')
}
