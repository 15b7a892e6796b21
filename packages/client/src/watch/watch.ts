/**
 * A watch that survives its connections. It is ordered, and neither loses nor repeats an event: after
 * any break it goes on at the revision after the last one that it can prove to have delivered, on
 * whichever member answers. Where the history is gone it says so and ends.
 *
 * It reads from the network only as fast as its batches are taken.
 *
 * Invariant: every event below `#nextRevision` was delivered, or does not concern this watch.
 */

import {
  CompactedError,
  etcdErrors,
  HoldfastError,
  routes,
  watchCancelReasons,
  type WatchResponse,
} from '@holdfast/protocol'
import { toRange, type KeyRange } from '../kv/keys.js'
import type { Rpc } from '../rpc/rpc.js'
import { Patience } from '../time/patience.js'
import { backoffMs, pause, type Scope } from '../time/scope.js'
import { batchesOf, type WatchBatch } from './watch-event.js'
import { WatchStream } from './watch-stream.js'

export interface WatchOptions {
  /**
   * The first revision to deliver, usually one after the revision of a read. Default: from now on,
   * which is everything that is acknowledged after the call.
   */
  readonly fromRevision?: number | undefined
  /** Deliver, with each event, the key as it was before. Default false. */
  readonly previous?: boolean | undefined
  /** Deliver only one kind of event. Default both. */
  readonly only?: 'puts' | 'deletes' | undefined
  /**
   * Deliver progress too: a batch without events says that everything up to its revision was
   * delivered, so that the place to go on from can be kept where nothing happens for long. The server
   * says so now and then as long as it has nothing else to say: ours every 10 minutes, an etcd at the
   * interval that it was started with, which is 10 minutes too. Default false.
   */
  readonly progress?: boolean | undefined
  /** Ends the watch: the loop over it ends, without an error. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds to wait for the next events, interruptions of the watch included; then the watch ends
   * and the loop throws a HoldfastError of code `timeout`. What the loop itself takes does not count.
   * Default no limit.
   */
  readonly timeoutMs?: number | undefined
}

const BACKOFF = { baseMs: 100, capMs: 2_000 }

export class Watch implements AsyncIterable<WatchBatch>, AsyncDisposable {
  readonly #rpc: Rpc
  readonly #range: KeyRange
  readonly #options: WatchOptions & { readonly closing?: AbortSignal }
  #nextRevision: number
  #lifetime: Scope | undefined
  #established: Promise<void> | undefined
  #stream: WatchStream | undefined
  /** What came in one piece with something that had to be dealt with first. */
  #early: readonly WatchResponse[] = []
  #streamScope: Scope | undefined
  #iterated = false

  /** @internal */
  constructor(rpc: Rpc, range: KeyRange, options: WatchOptions & { closing?: AbortSignal }) {
    this.#rpc = rpc
    this.#range = range
    this.#options = options
    this.#nextRevision = options.fromRevision ?? 0
  }

  /** Whether the watch is connected now. While it is not, what it delivered last may be outdated. */
  get connected(): boolean {
    return this.#stream !== undefined
  }

  /**
   * Resolves when the server has taken the watch: whatever is written after that is delivered, if
   * the interval covers it. Need not be called; the loop does it too.
   *
   * @throws {HoldfastError} when no member takes it within the client's request time.
   */
  ready(): Promise<void> {
    return (this.#established ??= this.#establish())
  }

  /**
   * Iterates over the batches, once. The loop ends when the signal aborts or the watch is closed.
   *
   * @throws {CompactedError} when events that were not delivered yet are gone from the history.
   * Everything is to be read anew then, and watched from that read's revision on.
   * @throws {HoldfastError} `timeout` when nothing happened for `timeoutMs`.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchBatch, void, undefined> {
    if (this.#iterated) throw new TypeError('a watch can be iterated over only once')
    this.#iterated = true
    const patience = new Patience(this.#rpc.clock, this.#options.timeoutMs)
    try {
      await patience.wait(this.ready())
      for (;;) {
        for (const message of await patience.wait(this.#messages())) {
          for (const batch of this.#deliver(message)) {
            if (batch.events.length > 0) patience.renew()
            yield batch
          }
        }
      }
    } catch (error) {
      if (!this.#endedOnPurpose()) throw error
    } finally {
      await this.close()
    }
  }

  /** Ends the watch. */
  close(): Promise<void> {
    this.#disconnect()
    this.#lifetime?.abort(closed('watch'))
    this.#lifetime?.[Symbol.dispose]()
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #endedOnPurpose(): boolean {
    return this.#lifetime?.signal.aborted === true
  }

  async #establish(): Promise<void> {
    this.#lifetime = this.#rpc.scope({ signal: this.#options.signal })
    if (this.#options.closing !== undefined) this.#lifetime.follow(this.#options.closing)
    const { signal } = this.#lifetime
    if (this.#nextRevision === 0) {
      const request = { ...toRange(this.#range), countOnly: true }
      const now = await this.#rpc.ask(routes.range, request, { repetition: 'safe', signal })
      this.#nextRevision = (now.header?.revision ?? 0) + 1
    }
    using limit = this.#rpc.scope({ signal, timeoutMs: this.#rpc.requestTimeoutMs })
    await this.#connect(limit.signal)
  }

  /** Opens streams until a member takes the watch, or the signal aborts. */
  async #connect(signal: AbortSignal): Promise<void> {
    const { clock } = this.#rpc
    for (let failures = 1; ; failures++) {
      try {
        await this.#openStream()
        return
      } catch (error) {
        this.#disconnect()
        if (!(error instanceof HoldfastError) || !error.retryable) throw error
        // That the time is over says less than what went wrong in it.
        await pause(clock, backoffMs(clock, failures, BACKOFF), signal).catch(() => {
          throw error
        })
      }
    }
  }

  async #openStream(): Promise<void> {
    const { previous, only } = this.#options
    const scope = this.#rpc.scope({ signal: this.#lifetime?.signal })
    this.#streamScope = scope
    const stream = await WatchStream.open(
      this.#rpc,
      {
        ...toRange(this.#range),
        startRevision: this.#nextRevision,
        progressNotify: true,
        prevKv: previous,
        filters: only && [only === 'puts' ? 'NODELETE' : 'NOPUT'],
      },
      scope,
    )
    const [created, ...rest] = await stream.next()
    if (created?.canceled === true) throw cancelled(created)
    this.#stream = stream
    this.#early = rest
  }

  /** The messages that come next, over as many streams as it takes. */
  async #messages(): Promise<readonly WatchResponse[]> {
    for (;;) {
      try {
        if (this.#stream !== undefined) return this.#uncancelled(await this.#read(this.#stream))
      } catch (error) {
        if (!(error instanceof HoldfastError) || !error.retryable) throw error
      }
      this.#disconnect()
      const lifetime = this.#lifetime
      if (lifetime === undefined) throw closed('watch')
      lifetime.throwIfAborted()
      await this.#connect(lifetime.signal)
    }
  }

  async #read(stream: WatchStream): Promise<readonly WatchResponse[]> {
    const early = this.#early
    this.#early = []
    return early.length > 0 ? early : stream.next()
  }

  /** What came before a cancellation is delivered before that is acted on. */
  #uncancelled(messages: readonly WatchResponse[]): readonly WatchResponse[] {
    const index = messages.findIndex(({ canceled }) => canceled)
    if (index === -1) return messages
    const cancellation = messages[index]
    if (index === 0 && cancellation !== undefined) throw cancelled(cancellation)
    this.#early = messages.slice(index)
    return messages.slice(0, index)
  }

  *#deliver(message: WatchResponse): Generator<WatchBatch> {
    for (const batch of batchesOf(message, this.#nextRevision)) {
      this.#nextRevision = batch.revision + 1
      yield batch
    }
    const progress = this.#progressOf(message)
    if (progress !== undefined) this.#nextRevision = progress + 1
    this.#stream?.proven(this.#nextRevision - 1)
    if (progress !== undefined && this.#options.progress === true) {
      yield { revision: progress, events: [] }
    }
  }

  /** A message without events tells how far the watch is proven to have come. */
  #progressOf({ header, created, events }: WatchResponse): number | undefined {
    if (header === undefined || created || events.length > 0) return undefined
    // One of the time before the start says nothing of what this watch is for (etcd #20286).
    return header.revision >= this.#nextRevision - 1 ? header.revision : undefined
  }

  #disconnect(): void {
    this.#stream = undefined
    this.#early = []
    const scope = this.#streamScope
    this.#streamScope = undefined
    scope?.abort(closed('stream'))
    scope?.[Symbol.dispose]()
  }
}

function closed(what: 'watch' | 'stream'): HoldfastError {
  return new HoldfastError('closed', `the ${what} is closed`, { outcome: 'not-applied' })
}

/** A server that ends a watch without saying why may take it again. */
function cancelled({ compactRevision, cancelReason }: WatchResponse): HoldfastError {
  if (compactRevision > 0 || cancelReason === watchCancelReasons.compacted) {
    return new CompactedError(compactRevision, watchCancelReasons.compacted)
  }
  if (cancelReason === watchCancelReasons.emptyRange) {
    return new HoldfastError('invalidArgument', cancelReason, { outcome: 'not-applied' })
  }
  const retryable = cancelReason === '' || cancelReason === etcdErrors.noLeader.message
  return new HoldfastError('failedPrecondition', cancelReason || 'the server ended the watch', {
    retryable,
    outcome: 'not-applied',
  })
}
