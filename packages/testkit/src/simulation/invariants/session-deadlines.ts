/**
 * A session is over, for who relies on it, before its lease can be: a TTL after the last renewal that
 * was confirmed was sent, however late the answer came (catalogue 71–74). A process that stands still
 * cannot notice; it does so before it does anything else.
 */

import type { ClientSession, Holdfast } from '@holdfast/client'
import { HoldfastError, routes } from '@holdfast/protocol'
import { check } from '../check.js'
import type { Host } from '../host.js'

/** Of a process of a client. */
interface SessionOwner {
  readonly name: string
  readonly host: Host
  readonly client: Holdfast
}

interface Renewal {
  readonly ttlMs: number
  sentMs: number
}

interface Begun {
  readonly owner: SessionOwner
  readonly session: ClientSession
  /** Whether the process stood still when it was last looked at, and until when it did. */
  wasPaused: boolean
  resumedMs: number
}

/** After it stood still, for what is due then. */
const GRACE_MS = 1

export class SessionDeadlines {
  readonly #nowMs: () => number
  readonly #renewals = new Map<string, Renewal>()
  /** By lease. */
  readonly #begun = new Map<string, Begun>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** An answer arrived at a client that still waited for it. */
  answered(path: string, body: string, sentMs: number): void {
    if (path === `/v3${routes.leaseGrant.path}`) {
      const { id, ttl } = routes.leaseGrant.response.decode(JSON.parse(body))
      this.#renewals.set(id, { ttlMs: ttl * 1000, sentMs })
    } else if (path === `/v3${routes.leaseKeepAlive.path}`) {
      const { result } = JSON.parse(body) as { readonly result?: unknown }
      const { id, ttl } = routes.leaseKeepAlive.response.decode(result ?? {})
      const renewal = this.#renewals.get(id)
      if (ttl > 0 && renewal !== undefined) renewal.sentMs = Math.max(renewal.sentMs, sentMs)
    }
  }

  /** The process holds something by its session. */
  async begin(owner: SessionOwner): Promise<void> {
    try {
      const session = await owner.client.session()
      if (this.#begun.has(session.leaseId)) return
      this.#begun.set(session.leaseId, { owner, session, wasPaused: false, resumedMs: -Infinity })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
    }
  }

  afterEvent(): void {
    const nowMs = this.#nowMs()
    for (const [leaseId, begun] of this.#begun) {
      const { host, name } = begun.owner
      if (begun.session.signal.aborted || !host.isAlive) this.#begun.delete(leaseId)
      // Whose timers are late by the time that its machine slept looks at the clock when it is asked.
      else if (host.hasSlept) continue
      else if (host.isPaused || begun.wasPaused) {
        begun.wasPaused = host.isPaused
        begun.resumedMs = nowMs
      } else if (nowMs > begun.resumedMs + GRACE_MS) this.#check(leaseId, name)
    }
  }

  #check(leaseId: string, name: string): void {
    const renewal = this.#renewals.get(leaseId)
    if (renewal === undefined) return
    const trustedMs = this.#nowMs() - renewal.sentMs
    check(
      trustedMs <= renewal.ttlMs,
      `${name} trusts its session ${Math.round(trustedMs)} ms after the last renewal was sent`,
    )
  }
}
