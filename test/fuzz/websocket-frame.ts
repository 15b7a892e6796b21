/** Frames of a WebSocket (RFC 6455 §5.2): those to send, however wrong, and those that are received. */

import { bytesOf, type ByteText } from './input.js'

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameOptions {
  readonly opcode?: number
  readonly isLast?: boolean
  /** The three bits that no extension has given a meaning. */
  readonly reserved?: number
  readonly isMasked?: boolean
  /** What the frame says of its length, if that is not the truth. */
  readonly length?: number | bigint
}

const MASK = [0x37, 0xfa, 0x21, 0x3d] as const

export function frameOf(payload: ByteText, options: FrameOptions = {}): ByteText {
  const { isLast = true, reserved = 0, isMasked = true, length = payload.length } = options
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | (options.opcode ?? opcode.text)
  const mask = isMasked ? 0x80 : 0
  const body = isMasked ? masked(payload) : payload
  return String.fromCharCode(first) + lengthOf(length, mask) + body
}

function lengthOf(length: number | bigint, mask: number): ByteText {
  if (length < 126) return String.fromCharCode(mask | Number(length))
  const isShort = length < 65_536
  const bytes = Buffer.alloc(isShort ? 3 : 9)
  bytes[0] = mask | (isShort ? 126 : 127)
  if (isShort) bytes.writeUInt16BE(Number(length), 1)
  else bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(length)), 1)
  return bytes.toString('latin1')
}

function masked(payload: ByteText): ByteText {
  const bytes = bytesOf(payload)
  for (let at = 0; at < bytes.length; at += 1) bytes[at]! ^= MASK[at % 4]!
  return Buffer.from(MASK).toString('latin1') + bytes.toString('latin1')
}

export interface ReceivedFrame {
  readonly opcode: number
  readonly payload: Buffer
}

/** The whole frames in what a server has sent. */
export function framesIn(bytes: Buffer): readonly ReceivedFrame[] {
  const frames: ReceivedFrame[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1]! & 0x7f
    const from = at + 2 + (short === 126 ? 2 : short === 127 ? 8 : 0)
    if (from > bytes.length) break
    let length = short
    if (short === 126) length = bytes.readUInt16BE(at + 2)
    else if (short === 127) length = Number(bytes.readBigUInt64BE(at + 2))
    if (from + length > bytes.length) break
    frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(from, from + length) })
    at = from + length
  }
  return frames
}
