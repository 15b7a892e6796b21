/** What every part of one client shares. */

import type { Config } from './config.js'
import type { OwnProcess } from './lock/holder.js'
import { closedError, type Rpc } from './rpc/rpc.js'
import type { Sessions } from './session/sessions.js'
import type { Scope, WaitOptions } from './time/scope.js'
import { stayAlive } from './time/stay-alive.js'

export class Core {
  readonly rpc: Rpc
  readonly sessions: Sessions
  readonly config: Config
  /** What it says of itself to whoever asks who holds. */
  readonly self: OwnProcess
  readonly #closing = new AbortController()
  readonly #work = new Set<Promise<unknown>>()

  constructor(parts: {
    readonly rpc: Rpc
    readonly sessions: Sessions
    readonly config: Config
    readonly self: OwnProcess
  }) {
    this.rpc = parts.rpc
    this.sessions = parts.sessions
    this.config = parts.config
    this.self = parts.self
  }

  /** Aborts when the client begins to close. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** A wait that the closing of the client ends. */
  scope(options: WaitOptions): Scope {
    const scope = this.rpc.scope(options)
    scope.follow(this.closing)
    return scope
  }

  /**
   * Work that runs under a hold: closing waits for it before it gives the hold to others, and the
   * process lives until it has ended.
   */
  async track<T>(work: Promise<T>): Promise<T> {
    const letEnd = stayAlive(this.rpc.clock)
    this.#work.add(work)
    try {
      return await work
    } finally {
      this.#work.delete(work)
      letEnd()
    }
  }

  /** Tells everything that waits or holds. Resolves when all work under holds has ended. */
  async beginClosing(): Promise<void> {
    this.#closing.abort(closedError())
    this.sessions.endHolds()
    await Promise.allSettled(this.#work)
  }
}
