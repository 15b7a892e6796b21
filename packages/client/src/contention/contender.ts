/**
 * One contender's way through a queue: create its own key, wait for the key before it to be deleted,
 * look again. It believes that it is first only when one linearizable read shows its own key and
 * nobody before it, taken after every wait.
 *
 * A waiter watches only its predecessor, so that a release wakes one of them and not all.
 *
 * Source: etcd client/v3/concurrency, mutex.go and election.go; Jepsen's etcd #11456.
 */

import { HoldfastError, routes, utf8Decode, type TxnResponse } from '@holdfast/protocol'
import { compare } from '../kv/compare.js'
import type { Value } from '../kv/keys.js'
import { rangeRequest } from '../kv/operations.js'
import { op, txnRequest } from '../kv/txn.js'
import type { Rpc } from '../rpc/rpc.js'
import { Hold } from '../session/hold.js'
import type { Session } from '../session/session.js'
import { LockLostError } from '../errors.js'
import { Watch } from '../watch/watch.js'
import type { QueuePrefix } from './queue-prefix.js'

/** Where a contender stands at one revision. */
export interface Standing {
  readonly revision: number
  /** The key to wait for; undefined for who is first. */
  readonly predecessor: string | undefined
}

export interface ContenderOptions {
  readonly name: string
  readonly prefix: QueuePrefix
  readonly value: Value
  /** Told each time that others are seen to be before it; with nothing when that is not known any more. */
  readonly onStanding?: (standing: Standing | undefined) => void
}

/** The time that a contender who gives up takes to leave the queue before it leaves that to others. */
const LEAVE_TIMEOUT_MS = 250

export class Contender {
  readonly key: string
  readonly #rpc: Rpc
  readonly #session: Session
  readonly #options: ContenderOptions
  #createRevision = 0
  #inDoubt = false

  constructor(rpc: Rpc, session: Session, options: ContenderOptions) {
    this.#rpc = rpc
    this.#session = session
    this.#options = options
    this.key = options.prefix.newKey(session.leaseId, rpc.clock.uniqueId(12))
  }

  /** Joins the queue and waits to be first. @throws {HoldfastError} when it gave up. */
  async win(signal: AbortSignal): Promise<Hold> {
    let standing = await this.#enter(signal)
    while (standing.predecessor !== undefined) {
      this.#options.onStanding?.(standing)
      await this.#awaitDeletion(standing.predecessor, standing.revision, signal)
      if (!signal.aborted) this.#options.onStanding?.(undefined)
      standing = await this.#look(signal)
    }
    return this.#hold()
  }

  /** Takes the place only if the queue is empty; undefined if it is not. One request. */
  async winIfFree(signal: AbortSignal): Promise<Hold | undefined> {
    const { text } = this.#options.prefix
    const request = txnRequest({
      if: [compare.absent({ prefix: text })],
      then: [this.#put()],
      else: [op.range({ prefix: text }, { sortBy: 'createRevision', limit: 1 })],
    })
    const response = await this.#send(request, signal)
    if (response.succeeded) {
      this.#createRevision = response.header?.revision ?? 0
      return this.#hold()
    }
    const [oldest] = response.responses[0]?.responseRange?.kvs ?? []
    // An attempt whose answer was lost may have created it, or other names' keys are in the way.
    const unclear = oldest === undefined || !this.#options.prefix.includes(oldest)
    if (!unclear && utf8Decode(oldest.key) !== this.key) return undefined
    const standing = await this.#enter(signal)
    return standing.predecessor === undefined ? this.#hold() : undefined
  }

  /** Leaves the queue, for good even if the request that created the key is still under way. */
  async leave(): Promise<void> {
    const neverEntered = this.#createRevision === 0 && !this.#inDoubt
    if (neverEntered || !this.#session.alive) return
    const deleted = await this.#session.deleteKey(this.key, LEAVE_TIMEOUT_MS)
    if (!deleted || this.#inDoubt) this.#session.sweeper.add(this.key)
  }

  #hold(): Hold {
    this.#session.assertAlive()
    return new Hold(this.#session, {
      name: this.#options.name,
      key: this.key,
      createRevision: this.#createRevision,
      inDoubt: this.#inDoubt,
    })
  }

  #put(): ReturnType<typeof op.put> {
    return op.put(this.key, this.#options.value, { lease: this.#session.leaseId })
  }

  /** Creates the key, and in the same transaction sees who else is there. */
  async #enter(signal: AbortSignal): Promise<Standing> {
    const { prefix } = this.#options
    const newest = { sortBy: 'createRevision', order: 'descending', limit: 2 } as const
    const request = txnRequest({
      if: [compare.absent(this.key)],
      then: [this.#put(), op.range({ prefix: prefix.text }, newest)],
      else: [op.get(this.key)],
    })
    const response = await this.#send(request, signal)
    const revision = response.header?.revision ?? 0
    if (!response.succeeded) return this.#recognise(response, signal)

    this.#createRevision = revision
    // Just created, it is the newest; the one created before it is its predecessor.
    const [, before] = response.responses[1]?.responseRange?.kvs ?? []
    if (before === undefined) return { revision, predecessor: undefined }
    if (!prefix.includes(before)) return this.#look(signal)
    return { revision, predecessor: utf8Decode(before.key) }
  }

  /** The key was there: an earlier attempt created it. */
  async #recognise(response: TxnResponse, signal: AbortSignal): Promise<Standing> {
    const [own] = response.responses[0]?.responseRange?.kvs ?? []
    if (own?.lease !== this.#session.leaseId) throw this.#displaced()
    this.#createRevision = own.createRevision
    return this.#look(signal)
  }

  /** Reads its own key and the one before it, both at one revision. */
  async #look(signal: AbortSignal): Promise<Standing> {
    const { prefix } = this.#options
    const range = { prefix: prefix.text }
    const earlier = {
      sortBy: 'createRevision',
      order: 'descending',
      maxCreateRevision: this.#createRevision - 1,
      limit: 1,
      keysOnly: true,
    } as const
    const success = [
      { requestRange: rangeRequest(this.key, { keysOnly: true }) },
      { requestRange: rangeRequest(range, earlier) },
    ]
    const response = await this.#rpc.ask(routes.txn, { success }, { repetition: 'safe', signal })
    const [own, before] = response.responses.map((one) => one.responseRange?.kvs[0])
    if (own?.createRevision !== this.#createRevision) throw this.#displaced()
    const revision = response.header?.revision ?? 0
    if (before !== undefined && !prefix.includes(before)) return this.#lookPast(revision, signal)
    return { revision, predecessor: before && utf8Decode(before.key) }
  }

  /** Other names' keys lie in between, so all that are earlier have to be read. */
  async #lookPast(revision: number, signal: AbortSignal): Promise<Standing> {
    const { prefix } = this.#options
    const request = rangeRequest(
      { prefix: prefix.text },
      {
        sortBy: 'createRevision',
        order: 'descending',
        maxCreateRevision: this.#createRevision - 1,
        keysOnly: true,
        revision,
      },
    )
    const { kvs } = await this.#rpc.ask(routes.range, request, { repetition: 'safe', signal })
    const before = kvs.find((kv) => prefix.includes(kv))
    return { revision, predecessor: before && utf8Decode(before.key) }
  }

  async #awaitDeletion(key: string, revision: number, signal: AbortSignal): Promise<void> {
    const options = { fromRevision: revision + 1, only: 'deletes', signal } as const
    try {
      await using watch = new Watch(this.#rpc, key, options)
      await watch[Symbol.asyncIterator]().next()
    } catch (error) {
      // Looking again is always right: after compaction, and when no member could be watched.
      if (!(error instanceof HoldfastError) || !(error.retryable || error.code === 'compacted')) {
        throw error
      }
    }
  }

  async #send(request: ReturnType<typeof txnRequest>, signal: AbortSignal): Promise<TxnResponse> {
    try {
      const { response, inDoubt } = await this.#rpc.call(routes.txn, request, {
        repetition: 'repeatable',
        signal,
      })
      this.#inDoubt ||= inDoubt
      return response
    } catch (error) {
      if (error instanceof HoldfastError) {
        this.#inDoubt ||= error.outcome === 'unknown'
        if (error.code === 'leaseNotFound') this.#session.end('expired', error)
      }
      throw error
    }
  }

  /** Its key is gone though it did not leave: with the session, or by somebody's hand. */
  #displaced(): HoldfastError {
    return this.#session.alive
      ? new LockLostError(this.#options.name, 'deleted')
      : this.#session.lossError
  }
}
