/** Leader election: one leader per name, elected in the order of the campaigns. */

import { HoldfastError } from '@holdfast/protocol'
import { contend } from '../contention/contend.js'
import { QueuePrefix } from '../contention/queue-prefix.js'
import type { Core } from '../core.js'
import type { Entry } from '../kv/entry.js'
import { Kv } from '../kv/kv.js'
import type { Value } from '../kv/keys.js'
import { describeSelf } from '../lock/holder.js'
import { closedError } from '../rpc/rpc.js'
import type { Hold } from '../session/hold.js'
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
   * Runs the worker whenever this process leads. When the leadership is lost, the worker's `signal`
   * aborts; when the worker has ended, the next campaign begins. There are never two workers of one
   * call, and outages of the cluster do not end it.
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
   * @returns what the worker returned while it led; undefined when the signal ended it.
   * @throws {HoldfastError} `timeout` when not elected within `timeoutMs`; the candidate has withdrawn
   * then, and the worker was never run.
   * @throws what the worker threw while it led. What it throws after a loss is not heard of.
   */
  lead<T>(
    work: (leadership: Leadership) => Promise<T> | T,
    options: LeadOptions = {},
  ): Promise<T | undefined> {
    const { value, ...waiting } = options
    return lead(
      this.#core,
      {
        campaign: (ending) => this.#campaign(value ?? this.#describeSelf(), ending),
        work: (hold) => work(new Leadership(this.#core, hold)),
      },
      waiting,
    )
  }

  /**
   * Waits to be elected, behind all who campaigned before.
   *
   * @param value what observers see of this leader. Default a description of this process, as JSON.
   * @throws {HoldfastError} `timeout` or `aborted`; the candidate has withdrawn then.
   */
  async campaign(
    value: Value = this.#describeSelf(),
    options: WaitOptions = {},
  ): Promise<Leadership> {
    using scope = this.#core.scope(options)
    return new Leadership(this.#core, await this.#campaign(value, scope.signal))
  }

  /** The leader now; undefined if there is none. */
  async leader(options: WaitOptions = {}): Promise<Leader | undefined> {
    const { entries } = await new Kv(this.#core.rpc).range(
      { prefix: this.#prefix.text },
      { ...options, sortBy: 'createRevision' },
    )
    return toLeader(entries.find(({ keyBytes }) => this.#prefix.includes({ key: keyBytes })))
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

  #campaign(value: Value, signal: AbortSignal): Promise<Hold> {
    return contend(this.#core, { name: this.name, prefix: this.#prefix, value }, signal)
  }

  #describeSelf(): string {
    return describeSelf(this.#core.config.label, this.#core.rpc.clock.now().wallMs)
  }
}

function toLeader(entry: Entry | undefined): Leader | undefined {
  return entry && { key: entry.key, fencingToken: entry.createRevision, value: entry.text(), entry }
}
