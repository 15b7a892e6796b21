/**
 * What a frame holds: everything that one member had to say to another on one channel in one turn of
 * its loop, as a MessagePack array. msgpackr's records write each message shape once a frame.
 */

import { Packr } from 'msgpackr'
import type { MemberId, Message } from '@holdfast/raft'

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

/** The core does not expect any other: a message of a later version must not reach it. */
const MESSAGE_TYPES: Readonly<Record<Exclude<PeerMessage['type'], 'installSnapshot'>, true>> = {
  preVote: true,
  preVoteResponse: true,
  requestVote: true,
  requestVoteResponse: true,
  appendEntries: true,
  appendEntriesAccepted: true,
  appendEntriesRejected: true,
  heartbeat: true,
  heartbeatResponse: true,
  readIndexRequest: true,
  readIndexResponse: true,
  forwardProposal: true,
  forwardProposalRejected: true,
  timeoutNow: true,
  question: true,
  reply: true,
}

const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' })

export function encodeMessages(messages: readonly PeerMessage[]): Buffer {
  return packr.pack(messages)
}

/** Raft's messages name their sender; one that names another than the stream's is not believed. */
export function decodeMessages(
  payload: Buffer,
  stream: { readonly from: MemberId; readonly to: MemberId },
): readonly PeerMessage[] {
  const decoded: unknown = packr.unpack(payload)
  if (!Array.isArray(decoded)) throw new TypeError('a frame holds an array of messages')
  return decoded.map((message: unknown) => {
    if (!isPeerMessage(message)) throw new TypeError('a message of no known type')
    if (message.type === 'question' || message.type === 'reply') return message
    if (message.from !== stream.from || message.to !== stream.to) {
      throw new TypeError(`a message from ${message.from} to ${message.to} on a foreign stream`)
    }
    return message
  })
}

function isPeerMessage(value: unknown): value is PeerMessage {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false
  return typeof value.type === 'string' && Object.hasOwn(MESSAGE_TYPES, value.type)
}
