/**
 * Compaction as the log sees it (etcd §8.39): from here on nothing below the revision can be read.
 * That is all that must be alike on every member; the rows go later, in slices, at each one's pace.
 */

import { Refusal, type CommandResult } from './outcome.js'
import type { Position } from './state-store.js'

interface CompactionEffect {
  readonly result: CommandResult
  readonly compactRevision: number
}

/** @throws Refusal `compacted` or `futureRevision` */
export function compactionEffect(compactRevision: number, position: Position): CompactionEffect {
  if (compactRevision <= position.compactRevision) throw new Refusal('compacted')
  if (compactRevision > position.revision) throw new Refusal('futureRevision')
  return { result: { type: 'compact', revision: position.revision }, compactRevision }
}
