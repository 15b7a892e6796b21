/**
 * Base64 as the wire has it: written padded and in the standard alphabet; read in the standard or the
 * URL-safe one, padded or not, with line breaks allowed inside. Anything else is refused: a skipped
 * character would silently name another key.
 *
 * Node's own codec is used for longer texts where it exists; short ones, which keys are, take as
 * little time in plain JavaScript and need no pooled buffer.
 */

interface HostBuffer {
  from(text: string, encoding: 'base64'): Uint8Array
  from(buffer: ArrayBufferLike, offset: number, length: number): { toString(as: 'base64'): string }
}

const hostBuffer = (globalThis as { readonly Buffer?: HostBuffer }).Buffer

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const INVALID = 255
/** Of such a character the host takes the low byte, so that U+0141 would be read as `A`. */
const BEYOND_LATIN1 = /[\u0100-\uffff]/
const SHORT_TEXT = 64
/** Below this size Node's buffers are slices of a shared pool, which a copy must not keep alive. */
const POOLED_BYTES = 4096

const sextets = new Uint8Array(256).fill(INVALID)
for (let index = 0; index < ALPHABET.length; index++) sextets[ALPHABET.charCodeAt(index)] = index
sextets['-'.charCodeAt(0)] = 62
sextets['_'.charCodeAt(0)] = 63

/** Whether it is a character of one of the two alphabets. */
export function isBase64(code: number): boolean {
  return (sextets[code] ?? INVALID) !== INVALID
}

/** Undefined when the text is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const lines = text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]/g, '') : text
  const length = lengthWithoutPadding(lines)
  if (length === undefined) return undefined
  return hostBuffer === undefined || length <= SHORT_TEXT
    ? decodePortable(lines, length)
    : decodeByHost(hostBuffer, lines, length)
}

/** Padding may be missing altogether, but if it is there it must be complete. */
function lengthWithoutPadding(text: string): number | undefined {
  let length = text.length
  while (length > 0 && text.length - length < 2 && text[length - 1] === '=') length--
  if (length !== text.length && text.length % 4 !== 0) return undefined
  return length % 4 === 1 ? undefined : length
}

export function decodePortable(text: string, length: number): Uint8Array | undefined {
  const bytes = new Uint8Array((length * 3) >> 2)
  let at = 0
  let bits = 0
  let held = 0
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    const sextet = code < 256 ? (sextets[code] ?? INVALID) : INVALID
    if (sextet === INVALID) return undefined
    held = (held << 6) | sextet
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 255
    }
  }
  return bytes
}

function decodeByHost(host: HostBuffer, text: string, length: number): Uint8Array | undefined {
  if (BEYOND_LATIN1.test(text)) return undefined
  const buffer = host.from(text, 'base64')
  // The host skips what it does not know. Each skipped character makes the result shorter.
  if (buffer.length !== (length * 3) >> 2) return undefined
  return buffer.length < POOLED_BYTES
    ? new Uint8Array(buffer)
    : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

export function encodeBase64(bytes: Uint8Array): string {
  return hostBuffer === undefined
    ? encodePortable(bytes)
    : hostBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

export function encodePortable(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 3) {
    const rest = bytes.length - index
    const word =
      ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    text += ALPHABET.charAt(word >> 18) + ALPHABET.charAt((word >> 12) & 63)
    text += rest > 1 ? ALPHABET.charAt((word >> 6) & 63) : '='
    text += rest > 2 ? ALPHABET.charAt(word & 63) : '='
  }
  return text
}
