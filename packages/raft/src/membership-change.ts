/**
 * Changes of the membership by one member at a time: then any majority of the membership before
 * shares a member with any majority of the one after, and no joint membership is needed (thesis §4.1).
 *
 * When a leader may begin one is in `leadership.ts`.
 */

import type { Membership } from './membership.js'
import type { MemberId } from './member-id.js'

export type MembershipChange =
  /** It receives the log and counts for nothing: how every newcomer should begin (thesis §4.2.1). */
  | { readonly type: 'addLearner'; readonly id: MemberId }
  | { readonly type: 'addVoter'; readonly id: MemberId }
  /** Makes a learner a voter, once its log has nearly reached the leader's. */
  | { readonly type: 'promote'; readonly id: MemberId }
  | { readonly type: 'remove'; readonly id: MemberId }
  /** The same members; only what the driver keeps with them changes. */
  | { readonly type: 'updateContext' }

export type ChangeRefusal =
  | 'notLeader'
  /** The leader has not committed an entry of its own term yet; soon it will have. */
  | 'notReady'
  /** Another change is not committed yet. */
  | 'changePending'
  | 'transferring'
  | 'alreadyMember'
  | 'notMember'
  | 'notLearner'
  | 'notInSync'
  | 'lastVoter'

/** The membership after a change, or why there is none. */
export function changed(
  { voters, learners }: Membership,
  change: MembershipChange,
  context: Uint8Array,
): Membership | ChangeRefusal {
  if (change.type === 'updateContext') return { voters, learners, context }
  const { type, id } = change
  const without = (ids: readonly MemberId[]): MemberId[] => ids.filter((one) => one !== id)
  const isMember = voters.includes(id) || learners.includes(id)
  switch (type) {
    case 'addLearner':
      return isMember ? 'alreadyMember' : { voters, learners: [...learners, id], context }
    case 'addVoter':
      return isMember ? 'alreadyMember' : { voters: [...voters, id], learners, context }
    case 'promote':
      if (!isMember) return 'notMember'
      if (!learners.includes(id)) return 'notLearner'
      return { voters: [...voters, id], learners: without(learners), context }
    case 'remove':
      if (!isMember) return 'notMember'
      if (voters.length === 1 && voters.includes(id)) return 'lastVoter'
      return { voters: without(voters), learners: without(learners), context }
  }
}
