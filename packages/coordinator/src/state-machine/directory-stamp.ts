/**
 * Which data directory a member runs on, so that the others, to whom it publishes this, know it again
 * when it comes back with another one, or with an old copy of it: it has forgotten its votes and what
 * it acknowledged, and must not vote (catalogue 34; thesis §3.8).
 *
 * The number of a generation only rises, and its id is drawn with it. Two generations of one number
 * and different ids began in two copies of one directory. So that an old copy can never catch up with
 * what is published, however often it is started, a generation ends only when it is published:
 *
 *   published generation ≤ generation of the directory ≤ published generation + 1
 *
 * No false alarm: a stamp is durable before it is published, and a directory never goes back.
 */

export interface DirectoryStamp {
  /** Drawn when the directory is made. */
  readonly directoryId: string
  /** From 1 on. */
  readonly generation: number
  readonly generationId: string
}

/** Of a start: what the directory holds, if anything, and what the member's own state says of it. */
export function stampOfStart(
  stored: DirectoryStamp | undefined,
  published: DirectoryStamp | undefined,
  drawId: () => string,
): DirectoryStamp {
  if (stored === undefined) {
    return { directoryId: drawId(), generation: 1, generationId: drawId() }
  }
  if (!isSameStamp(stored, published)) return stored
  return { ...stored, generation: stored.generation + 1, generationId: drawId() }
}

export function isSameStamp(
  one: DirectoryStamp | undefined,
  other: DirectoryStamp | undefined,
): boolean {
  return (
    one?.directoryId === other?.directoryId &&
    one?.generation === other?.generation &&
    one?.generationId === other?.generationId
  )
}

/** What a member that shows this stamp has lost, if that is known of it; undefined: nothing. */
export function whatIsForgotten(
  known: DirectoryStamp | undefined,
  shown: DirectoryStamp | undefined,
): string | undefined {
  if (known === undefined) return undefined
  if (known.directoryId !== shown?.directoryId) return 'it had run on another data directory'
  const isNewer = shown.generation > known.generation
  if (isNewer || isSameStamp(known, shown)) return undefined
  return 'its data directory had been started again since this copy of it was made'
}

/** A directory is known for good; a message of an earlier start may be late. */
export function newerStamp(
  known: DirectoryStamp | undefined,
  told: DirectoryStamp | undefined,
): DirectoryStamp | undefined {
  if (told === undefined || whatIsForgotten(known, told) !== undefined) return known
  return told
}
