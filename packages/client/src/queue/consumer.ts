/**
 * One consumer's loop: bring in what is due, find the head, claim, hand out, and wait for news when
 * there is nothing. It outlasts outages, sessions and compactions.
 *
 * It remembers some of what it found, so that most claims cost one request. To what was found before
 * the last message was asked for, it prefers whatever of a higher priority has come since: the claim
 * itself finds that out.
 */

import { HoldfastError } from '@holdfast/protocol'
import type { Core } from '../core.js'
import { elapsedMs, type Moment } from '../time/clock.js'
import { backoffMs, orAbort, pause } from '../time/scope.js'
import type { Claim, Claims } from './claim.js'
import { moveDue } from './delayed.js'
import { readHead, type Boundary, type Head } from './head.js'
import type { QueueLayout } from './layout.js'
import { News } from './news.js'
import type { Candidate } from './page.js'

const BACKOFF = { baseMs: 100, capMs: 5_000 }

/**
 * Candidates that are tried before the head is read again, and how long they are believed. An item
 * that came back, from a consumer who died or gave it up, waits for so many others at most.
 */
const LOOKAHEAD = 16
const LOOK_LASTS_MS = 1_000

/** Pages of due items that are brought in before something is claimed. */
const MOVES_PER_LOOK = 4

interface Look extends Head {
  readonly at: Moment
  /** What was given back here when it was taken. */
  readonly returned: number
}

export class Consumer {
  readonly #core: Core
  readonly #layout: QueueLayout
  readonly #claims: Claims
  readonly #concurrency: number
  readonly #news: News
  #look: Look | undefined
  #window: Boundary | undefined
  /** What was found and not tried yet. */
  #candidates: Candidate[] = []
  /** Whether the look is younger than the wish for a message. */
  #isFresh = false
  #outstanding = 0
  #onSettled: (() => void) | undefined

  constructor(
    core: Core,
    queue: { readonly layout: QueueLayout; readonly claims: Claims },
    options: { readonly lifetime: AbortSignal; readonly concurrency: number },
  ) {
    this.#core = core
    this.#layout = queue.layout
    this.#claims = queue.claims
    this.#concurrency = options.concurrency
    this.#news = new News(core, queue.layout, options.lifetime)
  }

  /** The next claim; undefined when the signal ended the wait. */
  async next(signal: AbortSignal): Promise<Claim | undefined> {
    this.#isFresh = false
    for (let failures = 0; !isAborted(signal);) {
      try {
        await this.#untilFree(signal)
        const claim = await this.#claimNext(signal)
        failures = 0
        if (claim !== undefined) return claim
      } catch (error) {
        if (!isAborted(signal)) await this.#recover(error, ++failures, signal)
      }
    }
    return undefined
  }

  async close(): Promise<void> {
    await this.#news.close()
  }

  async #claimNext(signal: AbortSignal): Promise<Claim | undefined> {
    const look = this.#currentLook()
    const candidate = this.#candidates.shift()
    if (look === undefined || candidate === undefined) {
      await this.#refill(signal)
      return undefined
    }
    const claim = await this.#claims.make(candidate, {
      nothingAboveSince: this.#isFresh ? undefined : look.revision,
      signal,
    })
    if (claim === 'outdated') this.#look = undefined
    if (typeof claim === 'string') return undefined
    this.#count(claim)
    return claim
  }

  /** The last look, unless it is known or likely that there is more to see by now. */
  #currentLook(): Look | undefined {
    const { clock } = this.#core.rpc
    const look = this.#look
    if (look === undefined) return undefined
    const isCurrent =
      look.returned === this.#claims.returned &&
      elapsedMs(clock, look.at) < LOOK_LASTS_MS &&
      clock.now().wallMs < look.delays.lookAgainMs
    return isCurrent ? look : undefined
  }

  /** Looks for items, and if there are none waits until something may have changed that. */
  async #refill(signal: AbortSignal): Promise<void> {
    let look = await this.#lookAround(signal)
    for (let moves = 0; look.delays.due.length > 0 && moves < MOVES_PER_LOOK; moves++) {
      const options = { seenRevision: look.revision, signal }
      await moveDue(this.#core.rpc, this.#layout, look.delays.due, options)
      look = await this.#lookAround(signal)
    }
    this.#candidates = look.candidates.slice(0, LOOKAHEAD)
    if (look.candidates.length > 0 || look.delays.due.length > 0) return
    const { revision, delays } = look
    await this.#news.since({ revision, lookAgainMs: delays.lookAgainMs }, signal)
  }

  async #lookAround(signal: AbortSignal): Promise<Look> {
    const { rpc } = this.#core
    const at = rpc.clock.now()
    const { returned } = this.#claims
    const options = { nowMs: at.wallMs, window: this.#window, signal }
    const head = await readHead(rpc, this.#layout, options)
    this.#window = head.window
    this.#isFresh = true
    return (this.#look = { ...head, at, returned })
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

  async #untilFree(signal: AbortSignal): Promise<void> {
    while (this.#outstanding >= this.#concurrency) {
      const settled = new Promise<void>((resolve) => {
        this.#onSettled = resolve
      })
      await orAbort(settled, signal)
    }
  }

  async #recover(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    this.#look = undefined
    await this.#news.close()
    const transient = error instanceof HoldfastError && (error.retryable || isCompacted(error))
    if (!transient) throw error
    const { clock } = this.#core.rpc
    await pause(clock, backoffMs(clock, failures, BACKOFF), signal).catch(() => undefined)
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

/** The watch fell behind what the store remembers; the next look starts a new one. */
function isCompacted({ code }: HoldfastError): boolean {
  return code === 'compacted'
}
