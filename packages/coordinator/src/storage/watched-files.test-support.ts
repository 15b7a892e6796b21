/** Calls of the file system that a test watches or makes difficult; the real ones are made as well. */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

type WriteCall = [
  descriptor: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number | null,
]

export interface Watched {
  readonly fsyncSync: (descriptor: number) => void
  readonly writeSync: (...call: WriteCall) => number
}

/** While `work` runs, those who import these functions get what `watch` makes of the real ones. */
export async function watchingFiles(
  watch: (real: Watched) => Partial<Watched>,
  work: () => void | Promise<void>,
): Promise<void> {
  const { fsyncSync, writeSync } = fs
  const real = { fsyncSync, writeSync }
  Object.assign(fs, watch(real))
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    Object.assign(fs, real)
    syncBuiltinESMExports()
  }
}
