/**
 * Where the members reach each other, and who was a member once. It travels as the context of the
 * membership, so that whoever knows who belongs to the cluster knows where to find them too.
 */

import type { MemberId, Membership } from '@holdfast/raft'

/** Every change of the membership carries them all; who was removed before these will have noticed. */
export const MAX_REMEMBERED_REMOVALS = 1_000

export interface PeerBook {
  /** Of each member, its peer URLs, of which the first is used. */
  readonly urls: ReadonlyMap<MemberId, readonly string[]>
  /** The newest. They are told so when they call, and their ids are not given again. */
  readonly removed: readonly MemberId[]
}

export function encodePeerBook({ urls, removed }: PeerBook): Uint8Array {
  return Buffer.from(JSON.stringify({ urls: [...urls], removed }))
}

/** Empty for a membership that was stored without one. */
export function peerBookOf({ context }: Membership): PeerBook {
  if (context === undefined || context.length === 0) return { urls: new Map(), removed: [] }
  const { urls, removed } = JSON.parse(Buffer.from(context).toString()) as {
    urls: [MemberId, string[]][]
    removed: MemberId[]
  }
  return { urls: new Map(urls), removed }
}

export function withoutMember({ urls, removed }: PeerBook, id: MemberId): PeerBook {
  return {
    urls: new Map([...urls].filter(([other]) => other !== id)),
    removed: [...removed, id].slice(-MAX_REMEMBERED_REMOVALS),
  }
}

/**
 * Whom to be connected to: to the members in force, and to those of `settled`, the last membership
 * that is known to be committed. A removal may yet be lost with its leader, so nobody is told of it
 * before, and a leader that is removed needs the others' word to commit it (thesis §4.2.2).
 */
export function reachable(inForce: PeerBook, settled: PeerBook): PeerBook {
  return { urls: new Map([...settled.urls, ...inForce.urls]), removed: settled.removed }
}
