/** Leader election: one leader per name, elected in the order of the campaigns. */

import { HoldfastError } from '@holdfast/protocol'
import { contendInTime } from '../contention/contend-in-time.js'
import { contend } from '../contention/contend.js'
import { firstEntry } from '../contention/first-entry.js'
import type { ContenderOptions } from '../contention/contender.js'
import { QueuePrefix } from '../contention/queue-prefix.js'
import type { Core } from '../core.js'
import type { Entry } from '../kv/entry.js'
import type { Value } from '../kv/keys.js'
import { describeSelf } from '../lock/holder.js'
import { closedError } from '../rpc/rpc.js'
import { Patience } from '../time/patience.js'
import type { WaitOptions } from '../time/scope.js'
import { lead } from './lead.js'
import { Leadership } from './leadership.js'
import { observeFirst } from './observer.js'

/** Who leads, as others see it. */
export interface Leader {
  readonly key: string
  /** Strictly increasing from one leader to the next. */
  readonly fencingToken: number
  /** What the leader proclaimed, as text. */
  readonly value: string
  /** The same as bytes or JSON, and when it was proclaimed last. */
  readonly entry: Entry
}

export interface LeadOptions {
  /** Ends it: the worker is told by its signal and awaited, then the leadership is given up. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds to wait until elected for the first time, outages included. How long this process
   * leads, and how long it waits to lead again after a loss, is not limited by it. Default no limit.
   */
  readonly timeoutMs?: number | undefined
  /** What to proclaim on being elected. Default a description of this process, as JSON. */
  readonly value?: Value | undefined
}

/** An election by its name. Making one costs nothing and asks nobody. */
export class Election {
  readonly name: string
  readonly #core: Core
  readonly #prefix: QueuePrefix

  /** @internal */
  constructor(core: Core, name: string) {
    if (name === '') throw new HoldfastError('invalidArgument', 'an election needs a name')
    this.name = name
    this.#core = core
    this.#prefix = new QueuePrefix(name)
  }

  /**
   * Waits to be elected and runs the worker. A worker that returns while it leads ends `lead` with what
   * it returned, and one that throws then with that. When the leadership is lost, the worker's
   * `signal` aborts; whatever it returns or throws after that is dropped, and once it has ended the
   * next campaign begins. So a worker that is to lead for as long as the process lives returns only
   * when its signal has aborted. There are never two workers of one call, outages of the cluster do not
   * end it, and the process stays alive while the worker runs.
   *
   * @example
   * ```ts
   * await holdfast.election('report-worker').lead(
   *   async ({ signal, fencingToken, proclaim }) => {
   *     await proclaim('starting')
   *     while (!signal.aborted) await sendNextReport({ signal, fencingToken })
   *   },
   *   { signal: shutdown.signal },
   * )
   * ```
   * @returns what the worker returned while it led, or when `options.signal` told it to stop; undefined
   * when that signal ended the wait, or the worker threw because of it.
   * @throws {HoldfastError} `timeout` when not elected within `timeoutMs`; the candidate has withdrawn
   * then, and the worker was never run.
   * @throws what the worker threw while it led.
   */
  lead<T>(
    work: (leadership: Leadership) => Promise<T> | T,
    options: LeadOptions = {},
  ): Promise<T | undefined> {
    const { value, ...waiting } = options
    return lead(
      this.#core,
      {
        campaign: (ending) =>
          contend(this.#core, this.#candidate(value ?? this.#describeSelf()), ending),
        work: (hold) => work(new Leadership(this.#core, hold)),
      },
      waiting,
    )
  }

  /**
   * Waits to be elected, behind all who campaigned before.
   *
   * @param value what observers see of this leader. Default a description of this process, as JSON.
   * @param options `timeoutMs` bounds the wait, outages of the cluster included.
   * @throws {AcquireTimeoutError} when others led until `timeoutMs` was over.
   * @throws {HoldfastError} `aborted` by the signal; `noQuorum`, `connectionFailed` or `timeout` when
   * the cluster did not answer in that time. The candidate has withdrawn in each case.
   */
  async campaign(
    value: Value = this.#describeSelf(),
    options: WaitOptions = {},
  ): Promise<Leadership> {
    const hold = await contendInTime(this.#core, this.#candidate(value), options)
    return new Leadership(this.#core, hold)
  }

  /** The leader now; undefined if there is none. */
  async leader(options: WaitOptions = {}): Promise<Leader | undefined> {
    return toLeader(await firstEntry(this.#core, this.#prefix, options))
  }

  /**
   * Yields the leader now, then each change: another leader, another proclamation, and undefined when
   * there is none. Every change is seen, in order, except those during a gap in the history. The loop
   * ends, without an error, when the signal aborts.
   *
   * @param options `timeoutMs` bounds the wait for the next change, outages included; what the loop
   * itself takes does not count.
   *
   * @example
   * ```ts
   * for await (const leader of holdfast.election('report-worker').observe({ signal })) {
   *   console.log(leader?.value ?? 'nobody leads')
   * }
   * ```
   * @throws {HoldfastError} `timeout` when nothing changed for `timeoutMs`.
   */
  async *observe(options: WaitOptions = {}): AsyncGenerator<Leader | undefined, void, undefined> {
    const { signal, timeoutMs } = options
    using scope = this.#core.scope({ signal })
    const patience = new Patience(this.#core.rpc.clock, timeoutMs)
    const leaders = observeFirst(this.#core, this.#prefix, scope.signal)
    try {
      for (;;) {
        const { done, value } = await patience.wait(leaders.next())
        if (done === true) return
        patience.renew()
        yield toLeader(value)
      }
    } finally {
      // What is still waited for ends now, so that the observation can.
      scope.abort(closedError())
      await leaders.return()
    }
  }

  #candidate(value: Value): ContenderOptions {
    return { name: this.name, prefix: this.#prefix, value }
  }

  #describeSelf(): string {
    const { self, config, rpc } = this.#core
    return describeSelf(self, config.label, rpc.clock.now().wallMs)
  }
}

function toLeader(entry: Entry | undefined): Leader | undefined {
  return entry && { key: entry.key, fencingToken: entry.createRevision, value: entry.text(), entry }
}
