/**
 * Deletes keys that must not exist and may: a contender that gave up while its request was under
 * way, a release that nobody answered. A ghost like that would stand in the queue for as long as the
 * session lives, so its key is deleted at each keepalive, until a deletion was confirmed a while ago
 * and no request that could create it can be under way any more. Most ghosts appear within
 * milliseconds, when the deletion overtook the creation on another connection: a first sweep soon
 * after spares the others in the queue the wait for a keepalive.
 */

import { routes } from '@holdfast/protocol'
import type { Compare } from '../kv/compare.js'
import { op, txnRequest } from '../kv/txn.js'
import type { Rpc } from '../rpc/rpc.js'

/** etcd drops a request that it could not commit within about 7 s; a proxy may hold it some more. */
const WATCHED_MS = 60_000
/** From giving a key up to its first sweep: what was overtaken by little has been executed by then. */
const SOON_MS = 200
const SOON_TIMEOUT_MS = 1_000
/** Operations of one transaction. */
const BATCH = 64

interface Ghost {
  readonly key: string
  /** Under which condition to delete it, if its name may come to mean something else. */
  readonly guard: Compare | undefined
  confirmedAtMs: number | undefined
}

export class Sweeper {
  readonly #rpc: Rpc
  readonly #ghosts = new Set<Ghost>()
  /** Those that wait for their first sweep. */
  readonly #newGhosts: Ghost[] = []

  constructor(rpc: Rpc) {
    this.#rpc = rpc
  }

  add(key: string, guard?: Compare): void {
    const ghost = { key, guard, confirmedAtMs: undefined }
    this.#ghosts.add(ghost)
    this.#newGhosts.push(ghost)
    if (this.#newGhosts.length > 1) return
    const sweepNew = (): void => void this.#deleteAll(this.#newGhosts.splice(0), SOON_TIMEOUT_MS)
    this.#rpc.clock.schedule(SOON_MS, sweepNew, { background: true })
  }

  /** Deletes what may be there. Failures are left for the next time. */
  async sweep(timeoutMs: number): Promise<void> {
    await this.#deleteAll([...this.#ghosts], timeoutMs)
  }

  async #deleteAll(ghosts: readonly Ghost[], timeoutMs: number): Promise<void> {
    for (let from = 0; from < ghosts.length; from += BATCH) {
      await this.#delete(ghosts.slice(from, from + BATCH), timeoutMs)
    }
  }

  async #delete(ghosts: readonly Ghost[], timeoutMs: number): Promise<void> {
    const deletions = ghosts.map(({ key, guard }) =>
      op.txn({ if: guard === undefined ? [] : [guard], then: [op.delete(key)] }),
    )
    const request = txnRequest({ then: deletions })
    try {
      await this.#rpc.ask(routes.txn, request, { repetition: 'repeatable', timeoutMs })
    } catch {
      return
    }
    const now = this.#rpc.clock.now().monotonicMs
    for (const ghost of ghosts) {
      ghost.confirmedAtMs ??= now
      if (now - ghost.confirmedAtMs >= WATCHED_MS) this.#ghosts.delete(ghost)
    }
  }
}
