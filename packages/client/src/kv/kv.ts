/** Keys and values: the plain operations, one request each. */

import { routes, type RangeResponse } from '@holdfast/protocol'
import type { Rpc } from '../rpc/rpc.js'
import type { WaitOptions } from '../time/scope.js'
import type { Entry } from './entry.js'
import { nextKey, toRange, type Key, type KeyRange, type Value } from './keys.js'
import {
  deleteRequest,
  deleteResult,
  getResult,
  putRequest,
  putResult,
  rangeRequest,
  rangeResult,
  type DeleteOptions,
  type DeleteResult,
  type PutOptions,
  type PutResult,
  type RangeOptions,
  type RangeResult,
  type ReadOptions,
} from './operations.js'

export interface GetAllOptions extends ReadOptions, WaitOptions {
  readonly keysOnly?: boolean
  /** Keys in one request. Default 1000. */
  readonly pageSize?: number
}

/**
 * The store. Reads are linearizable by default and are repeated by themselves when a member fails.
 * Writes are repeated only where that cannot execute them twice; otherwise they reject with an error
 * whose `outcome` is `unknown`.
 *
 * @example
 * ```ts
 * await holdfast.kv.putJson('config/mail', { rate: 10 })
 * const entry = await holdfast.kv.get('config/mail')
 * entry?.json<{ rate: number }>().rate // 10
 * const { entries } = await holdfast.kv.range({ prefix: 'config/' }, { limit: 100 })
 * ```
 */
export class Kv {
  readonly #rpc: Rpc

  /** @internal */
  constructor(rpc: Rpc) {
    this.#rpc = rpc
  }

  /** Reads one key; undefined if it does not exist. */
  async get(key: Key, options: ReadOptions & WaitOptions = {}): Promise<Entry | undefined> {
    return getResult(await this.#range(key, options)).entry
  }

  /** Reads an interval of keys, all of them in one answer unless `limit` says otherwise. */
  async range(range: KeyRange, options: RangeOptions & WaitOptions = {}): Promise<RangeResult> {
    return rangeResult(await this.#range(range, options))
  }

  /** How many keys the interval holds. */
  async count(range: KeyRange, options: ReadOptions & WaitOptions = {}): Promise<number> {
    return (await this.#range(range, { ...options, countOnly: true })).count
  }

  /**
   * Reads an interval page by page, each page at the revision of the first, so that together they are
   * one consistent state. A watch from the returned revision + 1 misses nothing after it.
   *
   * @throws {CompactedError} when that revision is compacted before the last page is read.
   */
  async getAll(
    range: KeyRange,
    options: GetAllOptions = {},
  ): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }> {
    const { pageSize = 1000, revision: wanted, ...rest } = options
    const { key, rangeEnd } = toRange(range)
    const entries: Entry[] = []
    let from = key
    let revision = wanted
    for (;;) {
      const next = rangeEnd === undefined ? from : { from, to: rangeEnd }
      const page = await this.range(next, { ...rest, revision, limit: pageSize })
      revision ??= page.revision
      entries.push(...page.entries)
      const last = page.entries.at(-1)
      if (!page.more || last === undefined) return { revision, entries }
      from = nextKey(last.keyBytes)
    }
  }

  /** Writes one key. */
  async put(key: Key, value: Value, options: PutOptions & WaitOptions = {}): Promise<PutResult> {
    const request = putRequest(key, value, options)
    const { signal, timeoutMs } = options
    return putResult(
      await this.#rpc.ask(routes.put, request, { repetition: 'once', signal, timeoutMs }),
    )
  }

  /** Writes one key, the value as JSON. */
  async putJson(
    key: Key,
    value: unknown,
    options: PutOptions & WaitOptions = {},
  ): Promise<PutResult> {
    return this.put(key, JSON.stringify(value), options)
  }

  /** Deletes a key or an interval of them, in one revision. */
  async delete(range: KeyRange, options: DeleteOptions & WaitOptions = {}): Promise<DeleteResult> {
    const request = deleteRequest(range, options)
    const { signal, timeoutMs } = options
    return deleteResult(
      await this.#rpc.ask(routes.deleteRange, request, { repetition: 'once', signal, timeoutMs }),
    )
  }

  /**
   * Forgets the history below a revision: reads at an older one, and watches from one, fail after it.
   *
   * @throws {CompactedError} when that was done already.
   */
  async compact(revision: number, options: WaitOptions = {}): Promise<void> {
    await this.#rpc.ask(routes.compaction, { revision }, { repetition: 'once', ...options })
  }

  async #range(
    range: KeyRange,
    { signal, timeoutMs, ...options }: RangeOptions & WaitOptions,
  ): Promise<RangeResponse> {
    return this.#rpc.ask(routes.range, rangeRequest(range, options), {
      repetition: 'safe',
      withoutLeader: options.serializable === true,
      signal,
      timeoutMs,
    })
  }
}
