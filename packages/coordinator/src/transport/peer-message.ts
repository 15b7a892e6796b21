/** What members say to each other: Raft's messages, and questions with answers on top of them. */

import type { Message } from '@holdfast/raft'

/** A question and its answer, matched by `id`, which is the asker's. */
export interface PeerQuestion {
  readonly type: 'question'
  readonly id: number
  readonly body: unknown
}

export interface PeerReply {
  readonly type: 'reply'
  readonly id: number
  /** Absent when the question failed: the asker does not need to know more to ask elsewhere. */
  readonly body?: unknown
}

export type PeerMessage = Message | PeerQuestion | PeerReply

/** What a frame may hold: a snapshot is offered on a stream of its own. */
export type SpokenMessage = Exclude<PeerMessage, { readonly type: 'installSnapshot' }>
