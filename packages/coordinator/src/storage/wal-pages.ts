/** Which pages of a database are in its WAL, and so are not looked for in the database itself. */

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'

const PAGE_BYTES = 4096
const WAL_HEADER_BYTES = 32
const WAL_SALT_AT = 16
const FRAME_BYTES = 24 + PAGE_BYTES
const FRAME_SALT_AT = 8
const SALT_BYTES = 8
/** Read at a time. */
const CHUNK_FRAMES = 256

/** Those of which the WAL has a frame, from 0; of its frames from `fromFrame` up to `toFrame` only. */
export function pagesInWal(
  walPath: string,
  fromFrame = 0,
  toFrame = Infinity,
): ReadonlySet<number> {
  const pages = new Set<number>()
  if (!existsSync(walPath)) return pages
  // The WAL file carries no locks, so it can be opened and closed at will.
  const descriptor = openSync(walPath, 'r')
  try {
    const header = Buffer.alloc(WAL_HEADER_BYTES)
    readSync(descriptor, header, 0, WAL_HEADER_BYTES, 0)
    const salt = header.subarray(WAL_SALT_AT, WAL_SALT_AT + SALT_BYTES)
    const whole = Math.floor((fstatSync(descriptor).size - WAL_HEADER_BYTES) / FRAME_BYTES)
    const end = Math.min(toFrame, whole)
    const chunk = Buffer.allocUnsafe(CHUNK_FRAMES * FRAME_BYTES)
    for (let first = fromFrame; first < end; first += CHUNK_FRAMES) {
      const count = Math.min(CHUNK_FRAMES, end - first)
      const at = WAL_HEADER_BYTES + first * FRAME_BYTES
      readSync(descriptor, chunk, 0, count * FRAME_BYTES, at)
      for (let frame = 0; frame < count; frame += 1) {
        const start = frame * FRAME_BYTES
        const saltAt = start + FRAME_SALT_AT
        if (!chunk.subarray(saltAt, saltAt + SALT_BYTES).equals(salt)) continue
        const number = chunk.readUInt32BE(start)
        // What a power loss has left of a WAL may be zeros from its beginning.
        if (number > 0) pages.add(number - 1)
      }
    }
  } finally {
    closeSync(descriptor)
  }
  return pages
}
