/**
 * Whole members without HTTP, in one process: the real node, state machine and storage, and a network
 * that loses what it is told to lose. A crash keeps what is on the disk.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MemberId, Message } from '@holdfast/raft'
import { vi } from 'vitest'
import { CoordinatorNode } from './node/coordinator-node.js'
import type { PeerTransport } from './node/peer-transport.js'
import type { RequestId } from './state-machine/command.js'
import type { CommandResult } from './state-machine/outcome.js'
import { decodeProposal, encodeProposal } from './state-machine/proposal-codec.js'
import { kv, put, range } from './state-machine/state-machine.test-support.js'
import { openStorage, type Storage } from './storage/open-storage.js'
import { systemClock } from './time/clock.js'

const PATIENCE = { timeout: 15_000, interval: 5 }
const TICK_MS = 10
const ELECTION_TICKS = 10

interface Running {
  readonly node: CoordinatorNode
  readonly storage: Storage
}

export class NodeCluster {
  readonly ids: readonly MemberId[]
  /** Messages for which it is true are lost. */
  loses: (message: Message) => boolean = () => false
  readonly #directory = mkdtempSync(join(tmpdir(), 'holdfast-nodes-'))
  readonly #running = new Map<MemberId, Running>()
  #starts = 0

  private constructor(size: number) {
    this.ids = Array.from({ length: size }, (_, at) => String(at + 1))
  }

  static async start(size: number): Promise<NodeCluster> {
    const cluster = new NodeCluster(size)
    for (const id of cluster.ids) await cluster.start(id)
    return cluster
  }

  async start(id: MemberId): Promise<void> {
    this.#starts += 1
    const seed = this.#starts
    const onFatal = (error: unknown): void => {
      throw error
    }
    const storage = await openStorage({
      directory: join(this.#directory, id),
      identity: { clusterId: '77', memberId: id },
      membership: { voters: this.ids, learners: [] },
      onFatal,
    })
    const node = new CoordinatorNode({
      memberId: id,
      incarnation: String(seed),
      ...{ tickMs: TICK_MS, heartbeatTicks: 1, electionTicks: ELECTION_TICKS, seed },
      clock: systemClock,
      log: storage.log,
      state: storage.state,
      applyGate: () => storage.applyGate,
      snapshots: {
        take: () => storage.outgoing.take(),
        send: () => Promise.reject(new Error('these logs are not cut')),
        install: () => storage.installSnapshot(),
        discard: () => storage.discardSnapshot(),
        durableIndex: () => 0,
        oldestSentIndex: () => Infinity,
      },
      codec: { encode: encodeProposal, decode: decodeProposal },
      transport: this.#transportOf(id),
      onApplied: () => undefined,
      onRestored: () => undefined,
      onStatus: () => undefined,
      onFatal,
    })
    this.#running.set(id, { node, storage })
    node.start()
  }

  /** From now on it neither says, hears nor does anything. */
  async crash(id: MemberId): Promise<void> {
    const { node, storage } = this.#member(id)
    this.#running.delete(id)
    await node.close()
    await storage.close()
  }

  async close(): Promise<void> {
    for (const id of [...this.#running.keys()]) await this.crash(id)
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** The running member that leads, and that a majority of the running ones follows. */
  async leader(): Promise<MemberId> {
    return vi.waitUntil(() => {
      const believed = [...this.#running.values()].map(({ node }) => node.status.leaderId)
      return this.ids.find(
        (id) =>
          this.#running.get(id)?.node.status.role === 'leader' &&
          believed.filter((leaderId) => leaderId === id).length > this.ids.length / 2,
      )
    }, PATIENCE)
  }

  follower(leader: MemberId, number = 0): MemberId {
    return [...this.#running.keys()].filter((id) => id !== leader)[number]!
  }

  put(at: MemberId, key: string, requestId: RequestId): Promise<CommandResult> {
    return this.#member(at).node.propose(kv(put(key)), { timeoutMs: 10_000, requestId })
  }

  /** The last index of the log of a member that runs, written or not. */
  lastIndex(id: MemberId): number {
    return this.#member(id).storage.log.lastIndex()
  }

  /** How often each key was put, as each running member has it, once all have the same. */
  async versions(): Promise<Readonly<Record<string, number>>> {
    return vi.waitUntil(() => {
      const members = [...this.#running.values()].map(({ storage }) => storage.state)
      const indexes = new Set(members.map(({ appliedIndex }) => appliedIndex))
      const hashes = new Set(members.map((state) => state.hash().hash))
      if (indexes.size !== 1 || hashes.size !== 1) return undefined
      const { kvs } = members[0]!.range(range('\0', '\0'))
      return Object.fromEntries(
        kvs.map(({ key, version }) => [Buffer.from(key).toString(), version]),
      )
    }, PATIENCE)
  }

  #transportOf(from: MemberId): PeerTransport {
    return {
      send: (message) => {
        if (this.loses(message)) return
        setImmediate(() => {
          // A member that has crashed says nothing, not even what it was about to say.
          if (!this.#running.has(from)) return
          this.#running.get(message.to)?.node.peerHandler.onMessage(message)
        })
      },
      flush: () => undefined,
      request: () => Promise.reject(new Error('nobody asks')),
      setPeers: () => undefined,
      close: () => Promise.resolve(),
    }
  }

  #member(id: MemberId): Running {
    const member = this.#running.get(id)
    if (member === undefined) throw new Error(`member ${id} does not run`)
    return member
  }
}
