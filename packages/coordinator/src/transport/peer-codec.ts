/**
 * What a frame holds: everything that one member had to say to another on one channel in one turn of
 * its loop, as a MessagePack array. msgpackr's records write each message shape once a frame.
 */

import { Packr } from 'msgpackr'
import type { MemberId } from '@holdfast/raft'
import { requireMessage } from './message-shape.js'
import type { PeerMessage, SpokenMessage } from './peer-message.js'

export type { PeerMessage, PeerQuestion, PeerReply } from './peer-message.js'

const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' })

export function encodeMessages(messages: readonly PeerMessage[]): Buffer {
  return packr.pack(messages)
}

/**
 * Raft's messages name their sender; one that names another than the stream's is not believed.
 * @throws {TypeError} when anything in it is not as it must be; nothing of it is to be believed then
 */
export function decodeMessages(
  payload: Buffer,
  stream: { readonly from: MemberId; readonly to: MemberId },
): readonly SpokenMessage[] {
  const decoded = unpack(payload)
  if (!Array.isArray(decoded)) throw new TypeError('a frame holds an array of messages')
  return decoded.map((message: unknown) => {
    requireMessage(message)
    if (message.type === 'question' || message.type === 'reply') return message
    if (message.from !== stream.from || message.to !== stream.to) {
      throw new TypeError(`a message from ${message.from} to ${message.to} on a foreign stream`)
    }
    return message
  })
}

/** Bytes that are no MessagePack make it throw whatever they happen to lead it to. */
function unpack(payload: Buffer): unknown {
  try {
    return packr.unpack(payload)
  } catch (cause) {
    throw new TypeError('a frame cannot be decoded', { cause })
  }
}
