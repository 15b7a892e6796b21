/**
 * One consumer's loop: find the head, claim, hand out, and wait for news when there is nothing. It
 * outlasts outages, sessions and compactions.
 */

import { HoldfastError } from '@holdfast/protocol'
import type { Core } from '../core.js'
import { backoffMs, orAbort, pause } from '../time/scope.js'
import { Watch } from '../watch/watch.js'
import type { WatchBatch } from '../watch/watch-event.js'
import type { Claim, Claims } from './claim.js'
import { readHead, type Candidate } from './head.js'
import type { QueueLayout } from './layout.js'

const BACKOFF = { baseMs: 100, capMs: 5_000 }

/**
 * Candidates that are tried before the head is read again. An item that came back from a consumer who
 * died waits for so many younger ones at most.
 */
const LOOKAHEAD = 16

export class Consumer {
  readonly #core: Core
  readonly #layout: QueueLayout
  readonly #claims: Claims
  readonly #signal: AbortSignal
  readonly #concurrency: number
  /** What was found and not tried yet. */
  #candidates: Candidate[] = []
  #seenReturned = 0
  #seenRevision = 0
  #news: AsyncGenerator<WatchBatch, void> | undefined
  #outstanding = 0
  #onSettled: (() => void) | undefined

  constructor(
    core: Core,
    queue: { readonly layout: QueueLayout; readonly claims: Claims },
    options: { readonly signal: AbortSignal; readonly concurrency: number },
  ) {
    this.#core = core
    this.#layout = queue.layout
    this.#claims = queue.claims
    this.#signal = options.signal
    this.#concurrency = options.concurrency
  }

  /** The next claim; undefined when the signal ended the wait. */
  async next(): Promise<Claim | undefined> {
    for (let failures = 0; !this.#ended();) {
      try {
        await this.#untilFree()
        const claim = await this.#claimNext()
        failures = 0
        if (claim !== undefined) return claim
      } catch (error) {
        if (!this.#ended()) await this.#recover(error, ++failures)
      }
    }
    return undefined
  }

  #ended(): boolean {
    return this.#signal.aborted
  }

  async close(): Promise<void> {
    await this.#forgetNews()
  }

  async #claimNext(): Promise<Claim | undefined> {
    if (this.#seenReturned !== this.#claims.returned) this.#candidates = []
    const candidate = this.#candidates.shift()
    if (candidate === undefined) {
      await this.#refill()
      return undefined
    }
    const claim = await this.#claims.make(candidate, this.#signal)
    if (claim !== undefined) this.#count(claim)
    return claim
  }

  /** Looks for items, and if there are none waits until something may have changed that. */
  async #refill(): Promise<void> {
    this.#seenReturned = this.#claims.returned
    const { revision, candidates } = await readHead(this.#core.rpc, this.#layout, this.#signal)
    this.#candidates = candidates.slice(0, LOOKAHEAD)
    this.#seenRevision = revision
    if (candidates.length === 0) await this.#awaitNews()
  }

  async #awaitNews(): Promise<void> {
    const range = { prefix: this.#layout.prefix }
    this.#news ??= new Watch(this.#core.rpc, range, {
      fromRevision: this.#seenRevision + 1,
      signal: this.#signal,
    })[Symbol.asyncIterator]()
    for (;;) {
      const batch = await this.#news.next()
      if (batch.done === true) return this.#forgetNews()
      if (batch.value.revision > this.#seenRevision && this.#matters(batch.value)) return
    }
  }

  /** A new item, or a claim that ended without its item. */
  #matters({ events }: WatchBatch): boolean {
    return events.some(({ type, entry }) =>
      entry.key.startsWith(type === 'put' ? this.#layout.items : this.#layout.claims),
    )
  }

  #count(claim: Claim): void {
    this.#outstanding++
    const settled = (): void => {
      this.#outstanding--
      this.#onSettled?.()
    }
    const { signal } = claim.hold
    if (signal.aborted) settled()
    else signal.addEventListener('abort', settled, { once: true })
  }

  async #untilFree(): Promise<void> {
    while (this.#outstanding >= this.#concurrency) {
      const settled = new Promise<void>((resolve) => {
        this.#onSettled = resolve
      })
      await orAbort(settled, this.#signal)
    }
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    await this.#forgetNews()
    const transient = error instanceof HoldfastError && (error.retryable || isCompacted(error))
    if (!transient) throw error
    const { clock } = this.#core.rpc
    await pause(clock, backoffMs(clock, failures, BACKOFF), this.#signal).catch(() => undefined)
  }

  async #forgetNews(): Promise<void> {
    const news = this.#news
    this.#news = undefined
    await news?.return()
  }
}

/** The watch fell behind what the store remembers; the next look starts a new one. */
function isCompacted({ code }: HoldfastError): boolean {
  return code === 'compacted'
}
