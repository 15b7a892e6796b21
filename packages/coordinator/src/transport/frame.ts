/**
 * The unit of a peer stream: length (4 bytes), CRC-32 of the payload (4 bytes), payload; numbers are
 * big-endian. TCP's own checksum is 16 bits and not end to end, so a damaged frame must be noticed
 * here: the stream is then closed and opened anew, which Raft sees as lost messages.
 */

import { crc32 } from 'node:zlib'

const HEADER_BYTES = 8

/** No legal batch comes near it; a larger length means a damaged or foreign stream. */
export const MAX_FRAME_BYTES = 128 * 1024 * 1024

export class FrameError extends Error {
  override readonly name = 'FrameError'
}

export function frameHeader(payload: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES)
  header.writeUInt32BE(payload.byteLength, 0)
  header.writeUInt32BE(crc32(payload), 4)
  return header
}

/** Cuts a stream of bytes into payloads. */
export class FrameReader {
  #chunks: Buffer[] = []
  #bytes = 0
  /** Bytes to wait for before it is worth looking again. */
  #needed = HEADER_BYTES

  /** @throws {FrameError} when the stream is damaged; nothing more can be read from it */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
    if (this.#bytes < this.#needed) return []
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes)
    const payloads: Buffer[] = []
    for (;;) {
      this.#needed = HEADER_BYTES
      if (rest.byteLength < HEADER_BYTES) break
      const length = rest.readUInt32BE(0)
      if (length > MAX_FRAME_BYTES) throw new FrameError(`a frame of ${length} bytes`)
      this.#needed = HEADER_BYTES + length
      if (rest.byteLength < this.#needed) break
      const payload = rest.subarray(HEADER_BYTES, this.#needed)
      if (crc32(payload) !== rest.readUInt32BE(4))
        throw new FrameError('a frame fails its checksum')
      payloads.push(payload)
      rest = rest.subarray(this.#needed)
    }
    this.#chunks = rest.byteLength > 0 ? [rest] : []
    this.#bytes = rest.byteLength
    return payloads
  }
}
