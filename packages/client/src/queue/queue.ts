/** Queues: first in, first out; one consumer at a time has an item, until he acknowledges it. */

import { HoldfastError } from '@holdfast/protocol'
import type { Core } from '../core.js'
import { compare } from '../kv/compare.js'
import { Kv } from '../kv/kv.js'
import { callTxn, op, runTxn } from '../kv/txn.js'
import type { WaitOptions } from '../time/scope.js'
import { Claims, type Claim } from './claim.js'
import { Consumer } from './consumer.js'
import { QueueLayout } from './layout.js'
import { Message } from './message.js'

export interface QueueOptions {
  /** Deliveries of one item, failed and unfinished ones included, before it is given up. Default 5. */
  readonly maxAttempts?: number
}

export interface ConsumeOptions {
  /** How many unsettled messages this loop may have at once. Default 1. */
  readonly concurrency?: number
  /** Ends the loop, without an error. What was handed out stays with the consumer. */
  readonly signal?: AbortSignal
}

export interface QueueStats {
  /** Items in the queue, those being worked on included. */
  readonly items: number
  readonly claimed: number
  readonly dead: number
}

export interface DeadLetter<T> {
  readonly id: string
  readonly value: T
}

/**
 * A queue by its name. Items are JSON, and are delivered at least once, in the order in which they
 * were pushed. An item whose consumer dies keeps its place, and is delivered again before all younger
 * ones but the few that a consumer had already found.
 */
export class Queue<T> {
  readonly name: string
  readonly #core: Core
  readonly #layout: QueueLayout
  readonly #claims: Claims
  readonly #maxAttempts: number

  /** @internal */
  constructor(core: Core, name: string, options: QueueOptions) {
    if (name === '') throw invalid('a queue needs a name')
    this.name = name
    this.#core = core
    this.#layout = new QueueLayout(name)
    this.#claims = new Claims(core, name, this.#layout)
    this.#maxAttempts = atLeastOne('maxAttempts', options.maxAttempts ?? 5)
  }

  /**
   * Adds an item at the end. Once this resolves, the item is committed, and will be delivered until
   * it is acknowledged or its attempts are used up.
   *
   * @returns the id of the item.
   * @throws {HoldfastError} with outcome `unknown` when the item may have been added.
   */
  async push(value: T, options: WaitOptions = {}): Promise<string> {
    const json = JSON.stringify(value) as string | undefined
    if (json === undefined) throw invalid('an item must be a JSON value')
    const id = this.#layout.newId(await this.#seenRevision(options))
    const key = this.#layout.items + id
    await callTxn(
      this.#core.rpc,
      { if: [compare.absent(key)], then: [op.put(key, json)] },
      // A second execution would find the key absent again once the item had been acknowledged.
      { ...options, repetition: 'once' },
    )
    return id
  }

  /**
   * Delivers messages, oldest first, as the loop takes them; and waits for more. It asks for the next
   * only when the loop does, so work on several needs a loop that does not wait for each.
   *
   * @example
   * ```ts
   * for await (const message of emails.consume({ signal })) {
   *   try {
   *     await send(message.value, { signal: message.signal })
   *     await message.ack()
   *   } catch {
   *     await message.nack()
   *   }
   * }
   * ```
   */
  async *consume(options: ConsumeOptions = {}): AsyncGenerator<Message<T>, void, undefined> {
    const concurrency = atLeastOne('concurrency', options.concurrency ?? 1)
    using scope = this.#core.scope({ signal: options.signal })
    const queue = { layout: this.#layout, claims: this.#claims }
    const consumer = new Consumer(this.#core, queue, { signal: scope.signal, concurrency })
    try {
      for (;;) {
        const claim = await consumer.next()
        if (claim === undefined) return
        const message = await this.#open(claim)
        if (message !== undefined) yield message
      }
    } finally {
      await consumer.close()
    }
  }

  /** How full the queue is. */
  async stats(options: WaitOptions = {}): Promise<QueueStats> {
    const count = (prefix: string): ReturnType<typeof op.range> =>
      op.range({ prefix }, { countOnly: true })
    const { items, claims, dead } = this.#layout
    const txn = { then: [count(items), count(claims), count(dead)] } as const
    const { results } = await runTxn(this.#core.rpc, txn, options)
    return { items: results[0].count, claimed: results[1].count, dead: results[2].count }
  }

  /** What was given up, oldest first. It stays until it is deleted. */
  async deadLetters(
    options: WaitOptions & { readonly limit?: number } = {},
  ): Promise<readonly DeadLetter<T>[]> {
    const { entries } = await new Kv(this.#core.rpc).range({ prefix: this.#layout.dead }, options)
    return entries.map((entry) => ({
      id: entry.key.slice(this.#layout.dead.length),
      value: entry.json<T>(),
    }))
  }

  /** Deletes a dead letter; false if there was none of that id. */
  async discard(id: string, options: WaitOptions = {}): Promise<boolean> {
    const { deleted } = await new Kv(this.#core.rpc).delete(this.#layout.dead + id, options)
    return deleted > 0
  }

  /** The message of a claim; undefined if its attempts are used up, or nobody could ever read it. */
  async #open(claim: Claim): Promise<Message<T> | undefined> {
    const value = parse(claim)
    if (value !== undefined && claim.attempts <= this.#maxAttempts) {
      const options = { value: value.json as T, maxAttempts: this.#maxAttempts }
      return new Message(this.#claims, claim, options)
    }
    try {
      await this.#claims.bury(claim, {})
    } catch {
      await this.#claims.giveBack(claim)
    }
    return undefined
  }

  /** A client that has not spoken to the cluster yet asks it first. See `layout.ts`. */
  async #seenRevision(options: WaitOptions): Promise<number> {
    const { rpc } = this.#core
    if (rpc.latestRevision > 0) return rpc.latestRevision
    const { revision } = await new Kv(rpc).range(this.#layout.prefix, {
      ...options,
      countOnly: true,
    })
    return revision
  }
}

function parse({ item }: Claim): { readonly json: unknown } | undefined {
  try {
    return { json: item.json() }
  } catch {
    return undefined
  }
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be at least 1`)
  return value
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('invalidArgument', message, { outcome: 'not-applied' })
}
