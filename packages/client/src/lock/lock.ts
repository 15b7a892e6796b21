/** Fair locks: granted in the order in which they were asked for, each with a fencing token. */

import { HoldfastError, routes } from '@holdfast/protocol'
import { contendInTime } from '../contention/contend-in-time.js'
import { contendOnce } from '../contention/contend.js'
import type { ContenderOptions } from '../contention/contender.js'
import { QueuePrefix } from '../contention/queue-prefix.js'
import type { Core } from '../core.js'
import { toEntry } from '../kv/entry.js'
import { rangeRequest } from '../kv/operations.js'
import { closedError } from '../rpc/rpc.js'
import type { Hold } from '../session/hold.js'
import type { WaitOptions } from '../time/scope.js'
import { HeldLock } from './held-lock.js'
import { describeSelf, readHolder, type LockHolder } from './holder.js'

export interface LockOptions {
  /** Shown to whoever asks who holds the lock. Default the client's label. */
  readonly label?: string
}

/** Someone in the queue of a lock, the holder included. */
export interface LockContender extends LockHolder {
  readonly key: string
  /** The fencing token that it has, or will have when granted. The lowest one holds. */
  readonly fencingToken: number
  /** The lease of its session. */
  readonly lease: string
}

export interface LockState {
  /** The revision at which this was so. */
  readonly revision: number
  readonly holder: LockContender | undefined
  /** In the order in which they will be granted the lock. */
  readonly waiters: readonly LockContender[]
}

/**
 * A lock by its name. Making one costs nothing and asks nobody; any number of callers, in this
 * process and others, contend for the name, and exclude each other.
 */
export class Lock {
  readonly name: string
  readonly #core: Core
  readonly #prefix: QueuePrefix
  readonly #label: string | undefined

  /** @internal */
  constructor(core: Core, name: string, options: LockOptions) {
    if (name === '') throw new HoldfastError('invalidArgument', 'a lock needs a name')
    this.name = name
    this.#core = core
    this.#prefix = new QueuePrefix(name)
    this.#label = options.label ?? core.config.label
  }

  /**
   * Waits for the lock, behind all who asked before. A session that ends while waiting costs the
   * place in the queue, not the wait. A lock that is held so does not keep the process alive.
   *
   * @example
   * ```ts
   * await using lock = await holdfast.lock('invoices/42').acquire({ timeoutMs: 5_000 })
   * await charge(invoice, { fencingToken: lock.fencingToken, signal: lock.signal })
   * ```
   * @param options `timeoutMs` bounds the wait, outages of the cluster included; without it, one
   * outage of the client's request time ends the wait.
   * @throws {AcquireTimeoutError} when others had it until `timeoutMs` was over. Nothing is left in the
   * queue.
   * @throws {HoldfastError} `aborted` by the signal; `noQuorum`, `connectionFailed` or `timeout` when
   * the cluster did not answer in that time.
   */
  async acquire(options: WaitOptions = {}): Promise<HeldLock> {
    return new HeldLock(await this.#acquire(options))
  }

  /** Takes the lock if nobody has it, without waiting for anyone; undefined otherwise. */
  async tryAcquire(options: WaitOptions = {}): Promise<HeldLock | undefined> {
    using scope = this.#core.scope(options)
    const hold = await contendOnce(this.#core, this.#contender(), scope.signal)
    return hold && new HeldLock(hold)
  }

  /**
   * Acquires the lock, runs the function, releases the lock. The process stays alive until then,
   * even if the function only waits for its signal.
   *
   * @returns what the function returned.
   * @throws what the function threw, in any case; and if it threw nothing but the lock was lost while
   * it ran, {LockLostError}: what it did was then not protected to the end.
   */
  async run<T>(work: (lock: HeldLock) => Promise<T> | T, options: WaitOptions = {}): Promise<T> {
    const hold = await this.#acquire(options)
    // Granted just as the client began to close, which would not wait for work that begins now.
    if (this.#core.closing.aborted) {
      await hold.release()
      throw closedError()
    }
    return this.#core.track(this.#runHeld(new HeldLock(hold), hold, work))
  }

  /** Who holds the lock and who waits for it. */
  async inspect(options: WaitOptions = {}): Promise<LockState> {
    const request = rangeRequest({ prefix: this.#prefix.text }, { sortBy: 'createRevision' })
    const { header, kvs } = await this.#core.rpc.ask(routes.range, request, {
      ...options,
      repetition: 'safe',
    })
    const [holder, ...waiters] = kvs
      .filter((kv) => this.#prefix.includes(kv))
      .map((kv) => {
        const { key, createRevision, lease, bytes } = toEntry(kv)
        return { key, fencingToken: createRevision, lease, ...readHolder(bytes) }
      })
    return { revision: header?.revision ?? 0, holder, waiters }
  }

  #acquire(options: WaitOptions): Promise<Hold> {
    return contendInTime(this.#core, this.#contender(), options)
  }

  async #runHeld<T>(
    lock: HeldLock,
    hold: Hold,
    work: (lock: HeldLock) => Promise<T> | T,
  ): Promise<T> {
    try {
      const result = await work(lock)
      // What the function released itself is not lost.
      if (!hold.wasReleased) hold.assertHeld()
      return result
    } finally {
      await hold.release()
    }
  }

  #contender(): ContenderOptions {
    const { wallMs } = this.#core.rpc.clock.now()
    return {
      name: this.name,
      prefix: this.#prefix,
      value: describeSelf(this.#core.self, this.#label, wallMs),
    }
  }
}
