/**
 * What other members have said to this one that they hold durably: the newest term in which one voted
 * for it or acknowledged entries to it, and which entries in that term. A member that starts with less
 * has lost it, as when its whole directory was restored from an old copy, superblock and all
 * (catalogue 34; openraft #1385, etcd #10951).
 *
 * No false alarm, because nothing takes back what is remembered here:
 * - term and vote are durable before a vote or an acknowledgement leaves, and terms never fall;
 * - within the term of an acknowledgement only this member appends to that log, and its own log holds
 *   what was acknowledged, so that it never replaces it; a snapshot that it sends either is behind
 *   that, and is of no use, or ahead of it. In a later term others may, so nothing is concluded.
 *
 * Only what a member said in an earlier run is held against it: a run that opens its streams anew, as
 * after every break of the network, has promised more since than it started with.
 *
 * It is forgotten when this member restarts, and nobody knows of what was said to others. For good is
 * known which directory a member runs on: see `directory-stamp.ts`.
 */

import type { MemberId, Message } from '@holdfast/raft'

/** What a member's disk held when it started. */
export interface LogAtStart {
  readonly term: number
  readonly lastIndex: number
}

export class PeerPromises {
  readonly #newest = new Map<MemberId, { readonly term: number; readonly matchIndex: number }>()
  /** The run of each member that was found to have lost nothing. */
  readonly #soundRuns = new Map<MemberId, string>()

  /** A message that has arrived. */
  hear(message: Message): void {
    const { type, from, term } = message
    if (type === 'requestVoteResponse' && message.granted) this.#remember(from, term, 0)
    if (type === 'appendEntriesAccepted') this.#remember(from, term, message.matchIndex)
  }

  /** What the member had said before this run that it held, and does not any more. */
  broken(id: MemberId, run: string, start: LogAtStart): string | undefined {
    if (this.#soundRuns.get(id) === run) return undefined
    const lost = this.#lostBy(id, start)
    if (lost === undefined) this.#soundRuns.set(id, run)
    return lost
  }

  #lostBy(id: MemberId, { term, lastIndex }: LogAtStart): string | undefined {
    const newest = this.#newest.get(id)
    if (newest === undefined) return undefined
    if (term < newest.term) {
      return `it had voted or acknowledged entries in term ${newest.term}, and started in term ${term}`
    }
    if (term > newest.term || lastIndex >= newest.matchIndex) return undefined
    return `it had acknowledged entry ${newest.matchIndex}, and started with ${lastIndex}`
  }

  #remember(id: MemberId, term: number, matchIndex: number): void {
    const newest = this.#newest.get(id)
    if (newest !== undefined && term < newest.term) return
    const before = newest?.term === term ? newest.matchIndex : 0
    this.#newest.set(id, { term, matchIndex: Math.max(before, matchIndex) })
  }
}
