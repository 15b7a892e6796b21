/**
 * What members say to each other outside of frames has a checksum too: who opens a stream, why it is
 * refused, and the answers to short questions. TCP's own misses some damage (catalogue 54), and a flipped
 * bit in one of these would end a member: as one that was removed, that is another process, or that has
 * forgotten what it had said.
 */

import { crc32 } from 'node:zlib'

/** Eight hexadecimal digits. */
export function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

/** The text behind its checksum. */
export function checksummed(text: string): string {
  return `${checksumOf(text)} ${text}`
}

/** Undefined if it was damaged on its way. */
export function readChecksummed(sent: string): string | undefined {
  const at = sent.indexOf(' ')
  const text = sent.slice(at + 1)
  return sent.slice(0, at) === checksumOf(text) ? text : undefined
}
