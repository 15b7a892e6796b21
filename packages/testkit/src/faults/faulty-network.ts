/** What can be done to the network of a cluster of processes. Names are members'. */

import type { FaultyLink } from './faulty-link.js'
import type { FlowCounters } from './one-way-flow.js'

export interface Pair {
  readonly from: string
  readonly to: string
}

/**
 * What is cut between an ordered pair.
 *
 * - `packets`: no byte gets from one to the other, so the other's connections die, too, once it
 *   misses the answers.
 * - `messages`: the streams that the one has opened stand still, and those of the other go on, with
 *   their answers. Raft's messages are lost one way for as long as it lasts.
 */
export type CutKind = 'packets' | 'messages'

export interface FaultyNetwork {
  readonly names: readonly string[]
  /** Where clients find the members. */
  readonly clientUrls: readonly string[]
  clientLink(name: string): FaultyLink
  /** Nothing gets from one member to the other, silently. */
  cut(pair: Pair, kind?: CutKind): void
  mend(pair: Pair): void
  /** Everything between all members is as it should be, and between them and the clients. */
  heal(): void
  delay(pair: Pair, delayMs: number): void
  damage(pair: Pair, chunks: number): void
  /** Breaks every connection that the one has opened to the other. */
  reset(pair: Pair): void
  /** What became of that which the one had for the other. */
  counters(pair: Pair): FlowCounters
  close(): Promise<void>
}
