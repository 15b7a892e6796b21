/**
 * One watch on one member, for as long as it lasts. A stream that was silent for a while is not
 * believed: the same member is asked for its status over another connection. If it does not answer
 * or has no leader, the stream has failed; and also if its store moved on while the stream said
 * nothing for long, since opening a watch anew from the proven revision costs little, and a
 * connection that a middlebox forgot costs every event.
 */

import {
  HoldfastError,
  JsonSplitter,
  routes,
  type InputOf,
  type WatchCreateRequest,
  type WatchResponse,
} from '@holdfast/protocol'
import { refusalOfStream } from '../rpc/refusal.js'
import { readMessage, understood } from '../rpc/route.js'
import type { Rpc } from '../rpc/rpc.js'
import { abortError, orAbort, type Scope } from '../time/scope.js'

const CONNECT_TIMEOUT_MS = 5_000
const PROBE_AFTER_MS = 10_000
const PROBE_TIMEOUT_MS = 5_000
/** Silent probes after which a store that moved on makes the stream suspect. */
const SUSPECT_AFTER_PROBES = 6

export type WatchStart = InputOf<typeof WatchCreateRequest> & { readonly startRevision: number }

type Chunk = IteratorResult<Uint8Array, unknown>

export class WatchStream {
  readonly #rpc: Rpc
  readonly #endpoint: string
  readonly #scope: Scope
  readonly #splitter = new JsonSplitter()
  readonly #chunks: AsyncIterator<Uint8Array>
  #pending: Promise<Chunk> | undefined
  #probes = 0
  /** Everything up to this revision was delivered, or does not concern this watch. */
  #provenRevision: number

  private constructor(
    rpc: Rpc,
    scope: Scope,
    opened: { readonly endpoint: string; readonly chunks: AsyncIterator<Uint8Array> },
    startRevision: number,
  ) {
    this.#rpc = rpc
    this.#scope = scope
    this.#endpoint = opened.endpoint
    this.#chunks = opened.chunks
    this.#provenRevision = startRevision - 1
  }

  /**
   * @param scope ends the stream; the caller owns it.
   * @throws {HoldfastError} when the member does not take the watch.
   */
  static async open(rpc: Rpc, start: WatchStart, scope: Scope): Promise<WatchStream> {
    const endpoint = rpc.endpoints.current
    const body = JSON.stringify(routes.watch.request.encode({ createRequest: start }))
    // etcd sends the head of its answer only together with the first message.
    const cancel = rpc.clock.schedule(CONNECT_TIMEOUT_MS, () => scope.abort(silent(endpoint)))
    try {
      const { status, chunks } = await rpc.open(endpoint, routes.watch.path, body, { scope })
      const opened = { endpoint, chunks: chunks[Symbol.asyncIterator]() }
      if (status !== 200) throw await refusalOfStream(endpoint, status, opened.chunks)
      return new WatchStream(rpc, scope, opened, start.startRevision)
    } catch (error) {
      throw failure(rpc, endpoint, scope, error)
    } finally {
      cancel()
    }
  }

  /** The messages that come next, at least one. @throws {HoldfastError} when the stream failed. */
  async next(): Promise<readonly WatchResponse[]> {
    try {
      // What was wrong with the last chunk, after the messages that it completed.
      understood(this.#endpoint, () => this.#splitter.check())
      for (;;) {
        const chunk = await this.#chunkOrSilence()
        if (chunk === 'silence') {
          await this.#probe()
          continue
        }
        if (chunk.done === true) throw ended()
        const values = understood(this.#endpoint, () => this.#splitter.push(chunk.value))
        if (values.length > 0) return values.map((json) => this.#read(json))
      }
    } catch (error) {
      throw failure(this.#rpc, this.#endpoint, this.#scope, error)
    }
  }

  #read(json: unknown): WatchResponse {
    const message = readMessage(routes.watch, this.#endpoint, json)
    this.#rpc.saw(message.header)
    return message
  }

  /** To be told what was delivered, so that a probe can tell whether the store moved on since. */
  proven(revision: number): void {
    this.#provenRevision = Math.max(this.#provenRevision, revision)
    this.#probes = 0
  }

  async #chunkOrSilence(): Promise<Chunk | 'silence'> {
    let cancel: (() => void) | undefined
    const silence = new Promise<'silence'>((resolve) => {
      cancel = this.#rpc.clock.schedule(PROBE_AFTER_MS, () => resolve('silence'))
    })
    this.#pending ??= orAbort(this.#chunks.next(), this.#scope.signal)
    try {
      const chunk = await Promise.race([this.#pending, silence])
      if (chunk !== 'silence') this.#pending = undefined
      return chunk
    } finally {
      cancel?.()
    }
  }

  async #probe(): Promise<void> {
    const status = await this.#rpc.ask(
      routes.status,
      {},
      {
        repetition: 'safe',
        endpoint: this.#endpoint,
        timeoutMs: PROBE_TIMEOUT_MS,
        withoutLeader: true,
        signal: this.#scope.signal,
      },
    )
    this.#probes++
    const movedOn = (status.header?.revision ?? 0) > this.#provenRevision
    if (status.leader === '0' || (movedOn && this.#probes >= SUSPECT_AFTER_PROBES)) {
      throw silent(this.#endpoint)
    }
  }
}

/** What a failure of the stream is for the watch, which then tries the next member. */
function failure(rpc: Rpc, endpoint: string, scope: Scope, error: unknown): unknown {
  if (!scope.signal.aborted) {
    rpc.endpoints.failed(endpoint)
    return error
  }
  const reason = abortError(scope.signal)
  // Of what ends a stream from this side, only the member's silence speaks against it.
  if (reason.code === 'connectionFailed') rpc.endpoints.failed(endpoint)
  return reason
}

function ended(): HoldfastError {
  return new HoldfastError('connectionFailed', 'the server ended the stream', { retryable: true })
}

function silent(endpoint: string): HoldfastError {
  return new HoldfastError('connectionFailed', `the watch on ${endpoint} is silent`, {
    retryable: true,
  })
}
