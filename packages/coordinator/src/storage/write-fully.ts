/** A write may be cut short, as by a disk that is almost full; only the next one says why. */

import { writeSync } from 'node:fs'

/** @param position Default: where the last write ended. */
export function writeFully(descriptor: number, bytes: Uint8Array, position?: number): void {
  for (let written = 0; written < bytes.byteLength;) {
    const at = position === undefined ? null : position + written
    written += writeSync(descriptor, bytes, written, bytes.byteLength - written, at)
  }
}
