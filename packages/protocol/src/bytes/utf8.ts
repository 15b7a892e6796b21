/** Texts and their UTF-8 bytes. The wire knows keys and values as bytes only. */

// Declared here, because this package compiles against no host; every JavaScript runtime has them.
declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new (
  label: 'utf-8',
  options?: { fatal?: boolean; ignoreBOM?: boolean },
) => StreamingDecoder

interface StreamingDecoder {
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Bytes that are not UTF-8 become U+FFFD, so use it for texts only. */
export function utf8Decode(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** A decoder of its own for one stream, which keeps a character that was cut between two chunks. */
export function utf8StreamDecoder(): StreamingDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true })
}
