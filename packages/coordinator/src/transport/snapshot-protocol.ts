/**
 * How a snapshot travels: over a stream of its own, so that it holds up neither heartbeats nor log
 * entries, in frames whose checksums are their own, and from where an earlier attempt broke off.
 *
 *   sender    offer: what the core will be told, and how long and which the file is
 *   receiver  { offset }: go on from here; or { refusal }
 *   sender    chunks of the file, one a frame
 *   receiver  { done: true } when the file is whole, durable and in the core's hands; or { refusal }
 */

import { Packr } from 'msgpackr'
import type { InstallSnapshot, Message } from '@holdfast/raft'

/** The file of a snapshot: how long it is, and how to tell that it is whole. */
export interface SnapshotFile {
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

export interface SnapshotOffer {
  readonly message: InstallSnapshot
  readonly file: SnapshotFile
}

export type SnapshotAnswer =
  { readonly offset: number } | { readonly done: true } | { readonly refusal: string }

export const CHUNK_BYTES = 256 * 1024

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' })

export function encodeSnapshotFrame(content: SnapshotOffer | SnapshotAnswer): Buffer {
  return packr.pack(content)
}

/** @throws when the payload is not what the other side may say */
export function decodeOffer(
  payload: Buffer,
  stream: { readonly from: string; readonly to: string },
): SnapshotOffer {
  const { message, file } = packr.unpack(payload) as { message: Message; file: SnapshotFile }
  if (message.type !== 'installSnapshot' || message.from !== stream.from) {
    throw new TypeError('the offer of a snapshot that is none')
  }
  if (message.to !== stream.to || !Number.isSafeInteger(file.bytes)) {
    throw new TypeError('the offer of a snapshot for somebody else')
  }
  return { message, file }
}

export function decodeAnswer(payload: Buffer): SnapshotAnswer {
  return packr.unpack(payload) as SnapshotAnswer
}
