/** What is sent: bytes, and what must be known of them to send them and to judge the answer. */

export const inputKinds = ['json', 'http', 'stream', 'websocket'] as const
export type InputKind = (typeof inputKinds)[number]

export interface Input {
  /** Its number in the run, which with the seed decides everything else. */
  readonly at: number
  readonly kind: InputKind
  /** What was done to a valid request, in a word or two. */
  readonly name: string
  /** Each is a write of its own. */
  readonly pieces: readonly Buffer[]
  /** Where it was meant to go. */
  readonly path: string
  /** One whole request in good HTTP, which may share a connection with others and be followed by them. */
  readonly isPipelined: boolean
  /** Its answer has no end: it is read until nothing more comes for a while. */
  readonly isStream: boolean
}

/** A text whose characters are bytes, so that any bytes can be cut and put together as text. */
export type ByteText = string

export function bytesOf(text: ByteText): Buffer {
  return Buffer.from(text, 'latin1')
}

export function byteText(text: string): ByteText {
  return Buffer.from(text, 'utf8').toString('latin1')
}
