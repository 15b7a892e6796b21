/**
 * Deletes keys that must not exist and may: a contender that gave up while its request was under
 * way, a release that nobody answered. A ghost like that would stand in the queue for as long as the
 * session lives, so its key is deleted at each keepalive, until a deletion was confirmed a while ago
 * and no request that could create it can be under way any more.
 */

import { routes } from '@holdfast/protocol'
import { op, txnRequest } from '../kv/txn.js'
import type { Rpc } from '../rpc/rpc.js'

/** etcd drops a request that it could not commit within about 7 s; a proxy may hold it some more. */
const WATCHED_MS = 60_000
/** Operations of one transaction. */
const BATCH = 64

interface Ghost {
  confirmedAtMs: number | undefined
}

export class Sweeper {
  readonly #rpc: Rpc
  readonly #ghosts = new Map<string, Ghost>()

  constructor(rpc: Rpc) {
    this.#rpc = rpc
  }

  add(key: string): void {
    this.#ghosts.set(key, { confirmedAtMs: undefined })
  }

  /** Deletes what may be there. Failures are left for the next time. */
  async sweep(timeoutMs: number): Promise<void> {
    const keys = [...this.#ghosts.keys()]
    for (let from = 0; from < keys.length; from += BATCH) {
      await this.#delete(keys.slice(from, from + BATCH), timeoutMs)
    }
  }

  async #delete(keys: readonly string[], timeoutMs: number): Promise<void> {
    const request = txnRequest({ then: keys.map((key) => op.delete(key)) })
    try {
      await this.#rpc.ask(routes.txn, request, { repetition: 'repeatable', timeoutMs })
    } catch {
      return
    }
    const now = this.#rpc.clock.now().monotonicMs
    for (const key of keys) {
      const ghost = this.#ghosts.get(key)
      if (ghost === undefined) continue
      ghost.confirmedAtMs ??= now
      if (now - ghost.confirmedAtMs >= WATCHED_MS) this.#ghosts.delete(key)
    }
  }
}
