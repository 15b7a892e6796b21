/** The composition of a client, and its public face. */

import { Cluster } from './cluster/cluster.js'
import { resolveConfig, type Config, type ConnectOptions } from './config.js'
import { Core } from './core.js'
import { Election } from './election/election.js'
import { Kv } from './kv/kv.js'
import { runTxn, type Txn, type TxnResult } from './kv/txn.js'
import type { KeyRange } from './kv/keys.js'
import { Leases } from './lease/leases.js'
import { ownProcess, type OwnProcess } from './lock/holder.js'
import { Lock, type LockOptions } from './lock/lock.js'
import { Queue, type QueueOptions } from './queue/queue.js'
import { Rpc } from './rpc/rpc.js'
import { ClientSession } from './session/client-session.js'
import { Sessions } from './session/sessions.js'
import { systemClock, type Clock } from './time/clock.js'
import { orAbort, type WaitOptions } from './time/scope.js'
import { FetchTransport } from './transport/fetch-transport.js'
import type { Transport } from './transport/transport.js'
import { UndiciTransport } from './transport/undici-transport.js'
import { Watch, type WatchOptions } from './watch/watch.js'

/** How long closing waits for work under holds, and then for the revocation of the lease. */
const CLOSE_TIMEOUT_MS = 5_000

/**
 * A client of one cluster. It holds what it holds through one session, which begins when something is
 * first held.
 */
export class Holdfast implements AsyncDisposable {
  /** The store: reading and writing keys. */
  readonly kv: Kv
  /** Leases by their ids, beside the one that the session is. */
  readonly leases: Leases
  /** Who the cluster is, and how its members are. */
  readonly cluster: Cluster
  readonly #core: Core
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(core: Core) {
    this.#core = core
    this.kv = new Kv(core.rpc)
    this.leases = new Leases(core.rpc)
    this.cluster = new Cluster(core.rpc)
  }

  /** The lock of this name. */
  lock(name: string, options: LockOptions = {}): Lock {
    return new Lock(this.#core, name, options)
  }

  /** The election of this name. */
  election(name: string): Election {
    return new Election(this.#core, name)
  }

  /** The queue of this name. All who use it should give the same options. */
  queue<T = unknown>(name: string, options: QueueOptions = {}): Queue<T> {
    return new Queue<T>(this.#core, name, options)
  }

  /**
   * The session that everything of this client is held by, begun if there is none. For keys of your
   * own that should vanish with this process.
   *
   * @example
   * ```ts
   * const { leaseId } = await holdfast.session()
   * await holdfast.kv.put(`services/mail/${id}`, address, { lease: leaseId })
   * ```
   * @throws {HoldfastError} when no session could be begun in time.
   */
  async session(options: WaitOptions = {}): Promise<ClientSession> {
    using scope = this.#core.scope(options)
    return new ClientSession(await this.#core.sessions.get(scope.signal))
  }

  /**
   * Runs a transaction: if all conditions hold, `then`, otherwise `else`, in one revision. It is
   * repeated after a failure under the same rules as a write, unless it only reads.
   *
   * @example
   * ```ts
   * const result = await holdfast.txn({
   *   if: [lock.guard(), compare.version('stock/7', '=', 3)],
   *   then: [op.put('stock/7', '41')],
   *   else: [op.get('stock/7')],
   * })
   * if (!result.succeeded) console.log(result.results[0].entry?.text())
   * ```
   */
  txn<const T extends Txn>(txn: T, options: WaitOptions = {}): Promise<TxnResult<T>> {
    return runTxn(this.#core.rpc, txn, options)
  }

  /**
   * Watches a key or an interval of keys. The watch goes on by itself after any break, without losing
   * or repeating an event.
   *
   * @example
   * ```ts
   * const { revision, entries } = await holdfast.kv.getAll({ prefix: 'config/' })
   * const changes = holdfast.watch({ prefix: 'config/' }, { fromRevision: revision + 1, signal })
   * for await (const { revision, events } of changes) apply(revision, events)
   * ```
   */
  watch(range: KeyRange, options: WatchOptions = {}): Watch {
    return new Watch(this.#core.rpc, range, { ...options, closing: this.#core.closing })
  }

  /**
   * Ends everything: tells holders by their signals, waits for the work of `run` and `lead`, releases
   * all that is held, ends waits and watches, closes the connections. It never rejects; calling it
   * again waits for the same end.
   *
   * @param options how long to wait for the work: `timeoutMs`, default 5 000, or until the signal
   * aborts. What is held is released after that in any case, which takes 5 s at most: without it
   * nobody else could have it before the lease expires.
   */
  close(options: WaitOptions = {}): Promise<void> {
    return (this.#closed ??= this.#close(options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close({ signal, timeoutMs = CLOSE_TIMEOUT_MS }: WaitOptions): Promise<void> {
    const { rpc, sessions } = this.#core
    using patience = rpc.scope({ signal, timeoutMs })
    await orAbort(this.#core.beginClosing(), patience.signal).catch(() => undefined)
    await sessions.close(CLOSE_TIMEOUT_MS)
    await rpc.close()
  }
}

/**
 * Makes a client. Nothing is sent before the first operation.
 *
 * @example
 * ```ts
 * await using holdfast = connect({ endpoints: ['http://127.0.0.1:2379'] })
 * await holdfast.lock('invoices/42').run(async ({ signal, fencingToken }) => {
 *   await charge({ signal, fencingToken })
 * })
 * ```
 * @throws {HoldfastError} `invalidArgument` when an option does not make sense.
 */
export function connect(options: ConnectOptions): Holdfast {
  const config = resolveConfig(options)
  return compose(config, transportOf(config), systemClock)
}

/** @internal The same, with the clock in the caller's hand, and who it says to be. */
export function compose(
  config: Config,
  transport: Transport,
  clock: Clock,
  self: OwnProcess = ownProcess(),
): Holdfast {
  const rpc = new Rpc(config, transport, clock)
  const sessions = new Sessions(rpc, config.sessionTtlSeconds)
  return new Holdfast(new Core({ rpc, sessions, config, self }))
}

function transportOf({ transport }: Config): Transport {
  if (typeof transport === 'object') return transport
  return transport === 'auto' && isNode() ? new UndiciTransport() : new FetchTransport()
}

/** Bun and Deno call themselves Node too, and have a fast `fetch` of their own. */
function isNode(): boolean {
  const host = globalThis as {
    readonly process?: { readonly versions?: { readonly node?: unknown } }
    readonly Bun?: unknown
    readonly Deno?: unknown
  }
  const node = host.process?.versions?.node
  return node !== undefined && host.Bun === undefined && host.Deno === undefined
}
