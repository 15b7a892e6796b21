/**
 * What a workload says of the log as it goes on, and what of it may be found after a power loss: the
 * log after the newest write that was acknowledged, or after any of those that were still under way,
 * whole and in their order.
 */

import { createHash } from 'node:crypto'
import type { HardState } from '@holdfast/raft'

export interface SaidEntry {
  readonly index: number
  readonly term: number
  readonly kind: string
  /** base64 */
  readonly data: string
}

export type Said =
  /** Before a write is handed over, and when it is acknowledged. */
  | {
      readonly type: 'write'
      readonly number: number
      readonly hardState?: HardState
      readonly snapshot?: { readonly index: number; readonly term: number }
      readonly entries: readonly SaidEntry[]
    }
  | { readonly type: 'durable'; readonly number: number }
  | { readonly type: 'cut'; readonly index: number }
  /** What the state is at an index: before it is applied here, or received. */
  | { readonly type: 'state'; readonly index: number; readonly hash: string }
  | { readonly type: 'applied'; readonly index: number }
  /** The state is said to be durable at this index. */
  | { readonly type: 'checkpoint'; readonly index: number }

export class ExpectedLog {
  #hardState: HardState = { term: 0, votedFor: undefined }
  #start = { index: 0, term: 0 }
  #entries: string[] = []
  /** From the newest acknowledged write on: what the log was after each write and cut. */
  #allowed: { readonly write: number; readonly log: string }[] = [{ write: 0, log: this.#text() }]

  get allowed(): readonly string[] {
    return this.#allowed.map(({ log }) => log)
  }

  hear(said: Said): void {
    if (said.type === 'durable') this.#acknowledge(said.number)
    else if (said.type === 'cut') this.#cut(said.index)
    else if (said.type === 'write') this.#write(said)
  }

  #acknowledge(number: number): void {
    const at = this.#allowed.findIndex(({ write }) => write === number)
    if (at > 0) this.#allowed.splice(0, at)
  }

  #write({ number, hardState, snapshot, entries }: Said & { type: 'write' }): void {
    if (hardState !== undefined) this.#hardState = hardState
    if (snapshot !== undefined) {
      this.#start = { index: snapshot.index, term: snapshot.term }
      this.#entries = []
    }
    const first = entries[0]
    if (first !== undefined) this.#entries.length = first.index - this.#start.index - 1
    for (const entry of entries) {
      this.#entries.push(entryText({ ...entry, data: Buffer.from(entry.data, 'base64') }))
    }
    this.#allowed.push({ write: number, log: this.#text() })
  }

  #cut(index: number): void {
    const count = index - this.#start.index
    if (count <= 0 || count >= this.#entries.length) return
    const term = Number(this.#entries[count - 1]?.split('/')[1])
    this.#entries.splice(0, count)
    this.#start = { index, term }
    this.#allowed.push({ write: -1, log: this.#text() })
  }

  #text(): string {
    return logText(this.#hardState, this.#start, this.#entries)
  }
}

export function logText(
  { term, votedFor }: HardState,
  start: { readonly index: number; readonly term: number },
  entries: readonly string[],
): string {
  return `${term} ${votedFor ?? 'nobody'} ${start.index}/${start.term}: ${entries.join(' ')}`
}

export function entryText(entry: {
  readonly index: number
  readonly term: number
  readonly kind: string
  readonly data: Uint8Array
}): string {
  const { index, term, kind, data } = entry
  return `${index}/${term}/${kind}/${createHash('sha1').update(data).digest('base64')}`
}
