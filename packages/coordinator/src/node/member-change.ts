/** What may be changed about who belongs to the cluster, and why a change is refused. */

import type { MemberId } from '@holdfast/raft'

export type MemberChange =
  | {
      readonly type: 'add'
      /** Drawn by whoever asks: nobody has ever had it. */
      readonly id: MemberId
      readonly peerUrls: readonly string[]
      readonly isLearner: boolean
    }
  | { readonly type: 'remove'; readonly id: MemberId }
  | { readonly type: 'promote'; readonly id: MemberId }
  | { readonly type: 'update'; readonly id: MemberId; readonly peerUrls: readonly string[] }

export type MemberRefusalReason =
  | 'memberExists'
  | 'peerUrlExists'
  | 'memberNotFound'
  | 'memberNotLearner'
  | 'learnerNotReady'
  | 'tooManyLearners'
  /** Too few members have ever started to be the majority afterwards. */
  | 'notEnoughStarted'
  /** Too few members answer to be the majority afterwards. */
  | 'unhealthy'
  | 'badTransferee'

/** Nothing was changed. */
export class MemberRefusal extends Error {
  override readonly name = 'MemberRefusal'
  readonly reason: MemberRefusalReason

  constructor(reason: MemberRefusalReason) {
    super(reason)
    this.reason = reason
  }
}
