/**
 * Queues: by priority, then first in, first out; one consumer at a time has an item, until he
 * acknowledges it.
 */

import type { Core } from '../core.js'
import { op, runTxn } from '../kv/txn.js'
import type { WaitOptions } from '../time/scope.js'
import { Claims, type Claim } from './claim.js'
import { Consumer } from './consumer.js'
import { DeadLetters, type DeadLetter } from './dead-letters.js'
import { QueueLayout } from './layout.js'
import { Message } from './message.js'
import { atLeastOne, invalid, resolvePush, validTimeout, type PushOptions } from './options.js'
import { Producer, type Offer } from './producer.js'

export interface QueueOptions {
  /** Deliveries of one item, failed and unfinished ones included, before it is given up. Default 5. */
  readonly maxAttempts?: number
}

export interface ConsumeOptions {
  /** How many unsettled messages this loop may have at once. Default 1. */
  readonly concurrency?: number | undefined
  /** Ends the loop, without an error. What was handed out stays with the consumer. */
  readonly signal?: AbortSignal | undefined
  /**
   * The longest to wait for the next message, whatever it waits for: an item, the cluster, or that one
   * of `concurrency` messages is settled. After that the loop throws. Default without end.
   */
  readonly timeoutMs?: number | undefined
}

export interface QueueStats {
  /** Items that wait to be taken, and those being worked on. */
  readonly items: number
  /** Of these, those being worked on. */
  readonly claimed: number
  /** Items whose time has not come, or has come and nobody has looked since. */
  readonly delayed: number
  readonly dead: number
}

/**
 * A queue by its name. Items are JSON, and are delivered at least once: those of the highest priority
 * first, and within a priority in the order in which they were pushed, or fell due. An item whose
 * consumer dies keeps its place, and is delivered again before all that come after it but the few that
 * a consumer had already found.
 */
export class Queue<T> {
  readonly name: string
  readonly #core: Core
  readonly #layout: QueueLayout
  readonly #claims: Claims
  readonly #producer: Producer
  readonly #deadLetters: DeadLetters
  readonly #maxAttempts: number

  /** @internal */
  constructor(core: Core, name: string, options: QueueOptions) {
    if (name === '') throw invalid('a queue needs a name')
    this.name = name
    this.#core = core
    this.#layout = new QueueLayout(name)
    this.#claims = new Claims(core, name, this.#layout)
    this.#producer = new Producer(core, this.#layout)
    this.#deadLetters = new DeadLetters(core, this.#layout)
    this.#maxAttempts = atLeastOne('maxAttempts', options.maxAttempts ?? 5)
  }

  /**
   * Adds an item, behind all others of its priority. Once this resolves, the item is committed, and
   * will be delivered until it is acknowledged or its attempts are used up.
   *
   * With `delayMs` it is not delivered before that time has passed since the call; its place is then
   * behind what was there when it fell due, or rather when the next consumer looked after that. The time
   * is kept by the wall clocks of the producer and of the consumers: it can be too short by as much as
   * one of these is ahead of the producer's. Nothing else depends on clocks.
   *
   * With `dedupeId` it adds nothing while an item of that id is in the queue, waiting, delayed or being
   * worked on, and returns that item's id; `offer` tells which it was. The id is free again when that
   * item is acknowledged, and also when it goes to the dead letters.
   *
   * @example
   * ```ts
   * await emails.push({ to }, { priority: 1, delayMs: 60_000, dedupeId: `welcome/${to}` })
   * ```
   * @returns the id of the item that is in the queue.
   * @throws {HoldfastError} `invalidArgument` when an option does not make sense; any other with outcome
   * `unknown` when the item may have been added.
   */
  async push(value: T, options: PushOptions = {}): Promise<string> {
    return (await this.offer(value, options)).id
  }

  /** As `push`, and says whether anything was added. */
  async offer(value: T, options: PushOptions = {}): Promise<Offer> {
    return this.#producer.offer(resolvePush(value, options), options)
  }

  /**
   * Delivers messages in the order of the queue, as the loop takes them; and waits for more. It asks for
   * the next only when the loop does, so work on several needs a loop that does not wait for each.
   *
   * Each message has the highest priority of all that were free when the loop asked for it, except that
   * what other consumers gave up in the last second may have been overlooked.
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
   * @throws {HoldfastError} `timeout` when there was no message for `timeoutMs`. What was handed out
   * stays with the consumer, and another loop may go on.
   */
  async *consume(options: ConsumeOptions = {}): AsyncGenerator<Message<T>, void, undefined> {
    const concurrency = atLeastOne('concurrency', options.concurrency ?? 1)
    const timeoutMs = validTimeout(options.timeoutMs)
    using scope = this.#core.scope({ signal: options.signal })
    const queue = { layout: this.#layout, claims: this.#claims }
    const consumer = new Consumer(this.#core, queue, { lifetime: scope.signal, concurrency })
    try {
      for (;;) {
        const message = await this.#next(consumer, { signal: scope.signal, timeoutMs })
        if (message === undefined) return
        yield message
      }
    } finally {
      await consumer.close()
    }
  }

  /** How full the queue is. */
  async stats(options: WaitOptions = {}): Promise<QueueStats> {
    const count = (prefix: string): ReturnType<typeof op.range> =>
      op.range({ prefix }, { countOnly: true })
    const { items, claims, delayed, dead } = this.#layout
    const txn = { then: [count(items), count(claims), count(delayed), count(dead)] } as const
    const { results } = await runTxn(this.#core.rpc, txn, options)
    const [inQueue, claimed, waiting, givenUp] = results
    return {
      items: inQueue.count,
      claimed: claimed.count,
      delayed: waiting.count,
      dead: givenUp.count,
    }
  }

  /** What was given up, in the order in which it was pushed. It stays until it is deleted. */
  async deadLetters(
    options: WaitOptions & { readonly limit?: number | undefined } = {},
  ): Promise<readonly DeadLetter<T>[]> {
    return this.#deadLetters.list<T>(options)
  }

  /** Deletes a dead letter; false if there was none of that id. */
  async discard(id: string, options: WaitOptions = {}): Promise<boolean> {
    return this.#deadLetters.discard(id, options)
  }

  /**
   * Moves a dead letter back, behind all others of its priority, with the same id and all its attempts
   * before it; false if there was none of that id.
   *
   * @throws {HoldfastError} `failedPrecondition` when an item with its dedupe id is in the queue, or what
   * was given up had never been an item. It stays with the dead letters then.
   */
  async requeue(id: string, options: WaitOptions = {}): Promise<boolean> {
    return this.#deadLetters.requeue(id, options)
  }

  /** The next message that can be delivered; undefined when the signal ended the loop. */
  async #next(
    consumer: Consumer,
    { signal, timeoutMs }: WaitOptions & { readonly signal: AbortSignal },
  ): Promise<Message<T> | undefined> {
    using wait = this.#core.scope({ signal, timeoutMs })
    for (;;) {
      const claim = await consumer.next(wait.signal)
      const message = claim && (await this.#open(claim))
      if (message !== undefined) return message
      if (signal.aborted) return undefined
      wait.throwIfAborted()
    }
  }

  /** The message of a claim; undefined if its attempts are used up, or nobody could ever read it. */
  async #open(claim: Claim): Promise<Message<T> | undefined> {
    const { parcel } = claim
    if (parcel !== undefined && claim.attempts <= this.#maxAttempts) {
      return new Message<T>(this.#claims, claim, { parcel, maxAttempts: this.#maxAttempts })
    }
    try {
      await this.#claims.bury(claim, {})
    } catch {
      await this.#claims.giveBack(claim)
    }
    return undefined
  }
}
