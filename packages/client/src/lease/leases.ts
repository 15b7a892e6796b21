/**
 * Leases by their ids. Who wants keys that vanish with this process takes the client's session; this
 * is for leases that outlive a process, are shared by several, or have a TTL of their own.
 */

import { HoldfastError, routes, utf8Decode } from '@holdfast/protocol'
import type { Rpc } from '../rpc/rpc.js'
import type { WaitOptions } from '../time/scope.js'

/** A lease that lives now. */
export interface Lease {
  /** An int64 in decimal. */
  readonly id: string
  /** Whole seconds that it lives, if nobody renews it. A leader's change may stretch them. */
  readonly ttlSeconds: number
}

export interface GrantOptions extends WaitOptions {
  /** The id to give it: an int64 in decimal that no lease has. Default a free one. */
  readonly id?: string | undefined
}

export interface TimeToLiveOptions extends WaitOptions {
  /** Return the keys that end with it. Default false. */
  readonly keys?: boolean | undefined
}

/** A lease, as it was when the server looked. */
export interface LeaseState extends Lease {
  /** Whole seconds that it lives after a renewal, as it was granted. */
  readonly grantedTtlSeconds: number
  /** The keys that end with it, in no order; none if they were not asked for. */
  readonly keys: readonly LeasedKey[]
}

export interface LeasedKey {
  /** The key as text. If it is not UTF-8, use `keyBytes`. */
  readonly key: string
  readonly keyBytes: Uint8Array
}

/**
 * Leases. Keys that are put with a lease's id are deleted when it ends: when nobody has renewed it
 * for its TTL, or when it is revoked.
 *
 * @example
 * ```ts
 * const { id } = await holdfast.leases.grant(60)
 * await holdfast.kv.put('presence/ada', 'here', { lease: id })
 * await holdfast.leases.keepAliveOnce(id)
 * ```
 */
export class Leases {
  readonly #rpc: Rpc

  /** @internal */
  constructor(rpc: Rpc) {
    this.#rpc = rpc
  }

  /**
   * Grants a lease. The server may raise the TTL to the shortest that survives one of its elections;
   * what is returned is what it granted.
   *
   * @param ttlSeconds whole seconds that it lives without being renewed.
   * @throws {HoldfastError} `failedPrecondition` when there is a lease of the chosen id, `outOfRange`
   * when the TTL is too large (etcd allows 9,000,000,000); with outcome `unknown` when it may have
   * been granted. One whose id nobody was told expires by itself.
   */
  async grant(ttlSeconds: number, options: GrantOptions = {}): Promise<Lease> {
    const { id, signal, timeoutMs } = options
    const granted = await this.#rpc.ask(
      routes.leaseGrant,
      { ttl: ttlSeconds, id },
      // Twice under one id, and the refusal of the second would hide the success of the first.
      { repetition: id === undefined ? 'afresh' : 'once', signal, timeoutMs },
    )
    return { id: granted.id, ttlSeconds: granted.ttl }
  }

  /**
   * Ends a lease, and deletes its keys in one revision.
   *
   * @throws {HoldfastError} `leaseNotFound` when there is none; with outcome `unknown` when it may have
   * been revoked, after which asking again can do no harm unless its id is given to another lease.
   */
  async revoke(id: string, options: WaitOptions = {}): Promise<void> {
    // Not repeated blindly: whoever chooses ids may have granted it anew in between.
    await this.#rpc.ask(routes.leaseRevoke, { id }, { repetition: 'once', ...options })
  }

  /**
   * Renews a lease once: it lives its whole TTL from now on. To be repeated, well before that is over.
   *
   * @throws {HoldfastError} `leaseNotFound` when there is none any more.
   */
  async keepAliveOnce(id: string, options: WaitOptions = {}): Promise<Lease> {
    const route = routes.leaseKeepAlive
    const { ttl } = await this.#rpc.ask(route, { id }, { repetition: 'safe', ...options })
    if (ttl > 0) return { id, ttlSeconds: ttl }
    throw new HoldfastError('leaseNotFound', `there is no lease ${id}`, { outcome: 'not-applied' })
  }

  /** How long a lease lives if nobody renews it; undefined if it does not exist. */
  async timeToLive(id: string, options: TimeToLiveOptions = {}): Promise<LeaseState | undefined> {
    const { keys, ...waiting } = options
    const { ttl, grantedTtl, ...rest } = await this.#rpc.ask(
      routes.leaseTimeToLive,
      { id, keys },
      { repetition: 'safe', ...waiting },
    )
    if (ttl < 0) return undefined
    const leased = rest.keys.map((keyBytes) => ({ key: utf8Decode(keyBytes), keyBytes }))
    return { id, ttlSeconds: ttl, grantedTtlSeconds: grantedTtl, keys: leased }
  }

  /**
   * The ids of all leases, those first that end soonest. An etcd answers from the asked member's own
   * state, which may be a little behind.
   */
  async list(options: WaitOptions = {}): Promise<readonly string[]> {
    const route = routes.leaseLeases
    const { leases } = await this.#rpc.ask(route, {}, { repetition: 'safe', ...options })
    return leases.map(({ id }) => id)
  }
}
