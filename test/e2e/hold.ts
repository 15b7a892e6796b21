/**
 * What a client records of each time it held the lock, and what must be true of all of them.
 * Times are the machine's monotonic clock, which all its processes share.
 */

export interface Hold {
  readonly client: number
  readonly token: number
  /** When `acquire` had returned. */
  readonly startNs: bigint
  /** When the client had stopped acting: before it released, or when it was told of the loss. */
  readonly endNs: bigint
  readonly lost: boolean
  /** The key that it wrote while it held the lock, if the write was acknowledged. */
  readonly written: string | undefined
}

export function encodeHold(hold: Hold): string {
  const { startNs, endNs, ...rest } = hold
  return JSON.stringify({ ...rest, startNs: startNs.toString(), endNs: endNs.toString() })
}

export function decodeHold(line: string): Hold {
  const { startNs, endNs, ...rest } = JSON.parse(line) as Omit<Hold, 'startNs' | 'endNs'> & {
    startNs: string
    endNs: string
  }
  return { ...rest, startNs: BigInt(startNs), endNs: BigInt(endNs) }
}

/** Holds in the order in which they began. */
export function inOrder(holds: readonly Hold[]): readonly Hold[] {
  return [...holds].sort((a, b) => (a.startNs < b.startNs ? -1 : 1))
}

/** Pairs of which the second began before the first had ended. */
export function overlaps(holds: readonly Hold[]): readonly (readonly [Hold, Hold])[] {
  const found: (readonly [Hold, Hold])[] = []
  let latest: Hold | undefined
  for (const hold of inOrder(holds)) {
    if (latest !== undefined && hold.startNs < latest.endNs) found.push([latest, hold])
    if (latest === undefined || hold.endNs > latest.endNs) latest = hold
  }
  return found
}

/** Pairs of which the later one has no larger token: a token went back, or a waiter overtook. */
export function tokenInversions(holds: readonly Hold[]): readonly (readonly [Hold, Hold])[] {
  const ordered = inOrder(holds)
  return ordered.slice(1).flatMap((hold, index) => {
    const before = ordered[index]
    return before !== undefined && hold.token <= before.token ? [[before, hold] as const] : []
  })
}
