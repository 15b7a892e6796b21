/** The cluster itself: who belongs to it, and how each of its members is. */

import { HoldfastError, routes, type AlarmResponse } from '@holdfast/protocol'
import { originOf } from '../config.js'
import type { Rpc } from '../rpc/rpc.js'
import { snapshotStream } from './snapshot-stream.js'
import type { WaitOptions } from '../time/scope.js'

/** One who belongs to the cluster, whether it runs or not. */
export interface Member {
  /** An unsigned 64-bit integer in decimal. */
  readonly id: string
  /** Empty as long as it has not started. */
  readonly name: string
  /** Where the other members reach it. */
  readonly peerUrls: readonly string[]
  /** Where clients reach it; none as long as it has not started. */
  readonly clientUrls: readonly string[]
  /** Whether it only follows, and has no vote. */
  readonly isLearner: boolean
}

/** What a member says of itself. */
export interface MemberStatus {
  /** The endpoint that was asked, as an origin. */
  readonly endpoint: string
  /** The id of the member that answered there: an unsigned 64-bit integer in decimal. */
  readonly memberId: string
  /** The id of its cluster, likewise. */
  readonly clusterId: string
  /** The version of etcd that it is, or that it is compatible with. */
  readonly version: string
  readonly isLearner: boolean
  /** Whether it believes that it leads. One that was cut off may, until it notices. */
  readonly isLeader: boolean
  /** The id of the member that it follows, or its own; undefined when it knows of no leader. */
  readonly leaderId: string | undefined
  readonly raftTerm: number
  /** The index of the newest log entry that it knows to be committed. */
  readonly raftIndex: number
  /** The index of the newest log entry that its store holds. */
  readonly raftAppliedIndex: number
  /** The revision of its store. */
  readonly revision: number
  /** What its store takes on the disk. */
  readonly dbSizeBytes: number
  /** How much of that is in use. The rest is reused, or given back by defragmenting. */
  readonly dbSizeInUseBytes: number
  /** What it says is wrong with it, such as an alarm, or that it has no leader. */
  readonly errors: readonly string[]
}

/** Why the cluster does not take what it is sent. */
export interface Alarm {
  /** The id of the member that it is about: an unsigned 64-bit integer in decimal. */
  readonly memberId: string
  /** `noSpace`: nothing that makes the store grow is taken; `corrupt`: no write is. */
  readonly type: 'noSpace' | 'corrupt'
}

export interface MembersOptions extends WaitOptions {
  /**
   * Answer from the asked member's own state, without a majority: possible in a minority, and perhaps
   * stale. Default false. An etcd 3.4 knows no other way.
   */
  readonly serializable?: boolean | undefined
}

const ON_WIRE = { noSpace: 'NOSPACE', corrupt: 'CORRUPT' } as const

function alarmsOf({ alarms }: AlarmResponse): readonly Alarm[] {
  return alarms.flatMap(({ memberId, alarm }) => {
    if (alarm === 'NOSPACE') return { memberId, type: 'noSpace' }
    return alarm === 'CORRUPT' ? { memberId, type: 'corrupt' } : []
  })
}

/** Where the outcome of a change is unknown, `members` tells it. */
const ONCE = { repetition: 'once' } as const

/**
 * The cluster behind a client.
 *
 * @example
 * ```ts
 * for (const endpoint of holdfast.cluster.endpoints) {
 *   const { version, isLeader } = await holdfast.cluster.status(endpoint)
 *   console.log(endpoint, version, isLeader ? 'leads' : 'follows')
 * }
 * ```
 */
export class Cluster {
  readonly #rpc: Rpc

  /** @internal */
  constructor(rpc: Rpc) {
    this.#rpc = rpc
  }

  /** The endpoints that the client was given, as origins. */
  get endpoints(): readonly string[] {
    return this.#rpc.endpoints.all
  }

  /** Who belongs to the cluster. */
  async members(options: MembersOptions = {}): Promise<readonly Member[]> {
    const { serializable = false, ...waiting } = options
    const { members } = await this.#rpc.ask(
      routes.memberList,
      { linearizable: !serializable },
      { repetition: 'safe', withoutLeader: serializable, ...waiting },
    )
    return members
  }

  /**
   * How a member is, by its own account, whether or not it has a leader.
   *
   * @param endpoint whom to ask: this endpoint only, and once, whether or not the client was given
   * it. Default whichever of the client's endpoints answers; the result says which.
   * @throws {HoldfastError} `connectionFailed` or `timeout` when it did not answer.
   */
  async status(endpoint?: string, options: WaitOptions = {}): Promise<MemberStatus> {
    const reply = await this.#rpc.call(
      routes.status,
      {},
      {
        repetition: 'safe',
        withoutLeader: true,
        ...(endpoint !== undefined && { endpoint: originOf(endpoint) }),
        ...options,
      },
    )
    const { header, leader, dbSize, dbSizeInUse, ...status } = reply.response
    const memberId = header?.memberId ?? '0'
    return {
      endpoint: reply.endpoint,
      memberId,
      clusterId: header?.clusterId ?? '0',
      version: status.version,
      isLearner: status.isLearner,
      isLeader: leader !== '0' && leader === memberId,
      leaderId: leader === '0' ? undefined : leader,
      raftTerm: status.raftTerm,
      raftIndex: status.raftIndex,
      raftAppliedIndex: status.raftAppliedIndex,
      revision: header?.revision ?? 0,
      dbSizeBytes: dbSize,
      dbSizeInUseBytes: dbSizeInUse,
      errors: status.errors,
    }
  }

  /** The alarms that are raised. */
  async alarms(options: WaitOptions = {}): Promise<readonly Alarm[]> {
    const request = { action: 'GET', alarm: 'NONE' } as const
    return alarmsOf(await this.#rpc.ask(routes.alarm, request, { repetition: 'safe', ...options }))
  }

  /**
   * Takes alarms back, when what raised them is done away with: the store has been compacted and what
   * it freed given back, or has a larger quota.
   *
   * @param alarms default all that are raised.
   * @returns those that were taken back.
   */
  async disarm(alarms?: readonly Alarm[], options: WaitOptions = {}): Promise<readonly Alarm[]> {
    const disarmed: Alarm[] = []
    for (const { memberId, type } of alarms ?? (await this.alarms(options))) {
      const request = { action: 'DEACTIVATE', memberId, alarm: ON_WIRE[type] } as const
      disarmed.push(
        ...alarmsOf(await this.#rpc.ask(routes.alarm, request, { ...options, ...ONCE })),
      )
    }
    return disarmed
  }

  /**
   * Has one member give the space that compactions have freed back to its file system. An etcd answers
   * nobody meanwhile; ours goes on.
   *
   * @param endpoint whom to ask: this endpoint only, whether or not the client was given it.
   * @param options may have to allow more time than other requests need.
   */
  async defragment(endpoint: string, options: WaitOptions = {}): Promise<void> {
    const asking = {
      repetition: 'safe',
      endpoint: originOf(endpoint),
      withoutLeader: true,
    } as const
    await this.#rpc.ask(routes.defragment, {}, { ...options, ...asking })
  }

  /**
   * A copy of a member's store: its bytes in order, and at their end the SHA-256 of all before, 32
   * bytes. Written to a file, that is what `holdfast snapshot restore` reads; of an etcd, what
   * `etcdutl snapshot restore` does. Who writes it to a file compares the sum.
   *
   * @param endpoint whom to ask. Default the endpoint that the client would ask anyway. It is asked
   * once: half a copy of one member and half of another make no store.
   * @throws {HoldfastError} `connectionFailed` when the copy ended early, or said nothing for a minute.
   * @example
   * ```ts
   * await pipeline(holdfast.cluster.snapshot(), createWriteStream('state.snapshot'))
   * ```
   */
  async *snapshot(endpoint?: string, options: WaitOptions = {}): AsyncGenerator<Uint8Array, void> {
    const from = endpoint === undefined ? this.#rpc.endpoints.current : originOf(endpoint)
    using scope = this.#rpc.scope(options)
    yield* snapshotStream(this.#rpc, from, scope)
  }

  /**
   * Adds a member, which is then to be started with `--initial-cluster-state existing`. Add it as a
   * learner, and promote it when it has caught up: a voter counts for the majority at once.
   *
   * @param peerUrls where the other members will reach it, as `http://host:port`.
   * @returns the member, with its id.
   * @throws {HoldfastError} `failedPrecondition` when there is such a member, one learner already, or
   * too few members are up to be the majority afterwards; nothing has changed then.
   */
  async addMember(
    peerUrls: readonly string[],
    options: WaitOptions & { readonly learner?: boolean | undefined } = {},
  ): Promise<Member> {
    const { learner = false, ...waiting } = options
    const request = { peerUrls, isLearner: learner }
    const { member } = await this.#rpc.ask(routes.memberAdd, request, { ...waiting, ...ONCE })
    return member ?? { id: '0', name: '', peerUrls, clientUrls: [], isLearner: learner }
  }

  /**
   * Removes a member for good; it stops when it hears of it. Its id is never given again.
   *
   * @throws {HoldfastError} `notFound`; `failedPrecondition` when those of the others that are up would
   * not be a majority; nothing has changed then.
   */
  async removeMember(id: string, options: WaitOptions = {}): Promise<void> {
    await this.#rpc.ask(routes.memberRemove, { id }, { ...options, ...ONCE })
  }

  /**
   * Makes a learner a voter.
   *
   * @throws {HoldfastError} `notFound`; `failedPrecondition` when it is no learner, or has not caught
   * up with the leader yet.
   */
  async promoteMember(id: string, options: WaitOptions = {}): Promise<void> {
    await this.#rpc.ask(routes.memberPromote, { id }, { ...options, ...ONCE })
  }

  /**
   * Tells the cluster where a member is reached from now on by the others.
   *
   * @throws {HoldfastError} `notFound`; `failedPrecondition` when another member is there, or when it is
   * a voter and those of the others that are up are no majority; nothing has changed then.
   */
  async updateMember(
    id: string,
    peerUrls: readonly string[],
    options: WaitOptions = {},
  ): Promise<void> {
    await this.#rpc.ask(routes.memberUpdate, { id, peerUrls }, { ...options, ...ONCE })
  }

  /**
   * Has another voter lead, without the pause of an election, for example before the leader is
   * stopped. Resolves when it leads.
   *
   * @throws {HoldfastError} `failedPrecondition` when it is no voter; `unavailable` when no member
   * that answers leads; `timeout` when the target did not take over, and the leader leads on.
   */
  async transferLeadership(to: string, options: WaitOptions = {}): Promise<void> {
    using scope = this.#rpc.scope(options)
    const { signal } = scope
    const leader =
      (await this.#leaderAmong(this.endpoints, signal)) ??
      (await this.#leaderAmong(await this.#otherEndpoints(signal), signal))
    if (leader === undefined) {
      throw new HoldfastError('unavailable', 'no member that answers leads', {
        retryable: true,
        outcome: 'not-applied',
      })
    }
    const { endpoint, memberId } = leader
    if (memberId === to) return
    await this.#rpc.ask(routes.moveLeader, { targetId: to }, { signal, ...ONCE, endpoint })
  }

  /** Where members are that this client was not given, as those that it was given list them. */
  async #otherEndpoints(signal: AbortSignal): Promise<readonly string[]> {
    const members = await this.members({ serializable: true, signal })
    const urls = members.flatMap(({ clientUrls }) => clientUrls.map(originOf))
    return urls.filter((url) => !this.endpoints.includes(url))
  }

  /** Whichever says first that it leads. All are asked at once: some may not answer at all. */
  async #leaderAmong(
    endpoints: readonly string[],
    within: AbortSignal,
  ): Promise<MemberStatus | undefined> {
    const found = new AbortController()
    const signal = AbortSignal.any([found.signal, within])
    const leading = async (endpoint: string): Promise<MemberStatus> => {
      const status = await this.status(endpoint, { signal })
      if (!status.isLeader) throw new HoldfastError('unavailable', `${endpoint} does not lead`)
      return status
    }
    try {
      return await Promise.any(endpoints.map(leading))
    } catch {
      return undefined
    } finally {
      found.abort()
    }
  }
}
