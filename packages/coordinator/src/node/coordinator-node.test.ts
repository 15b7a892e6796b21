/** One whole member on a disk that says how much room it has (catalogue 36). */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InstallSnapshot, Message } from '@holdfast/raft'
import { afterEach, describe, expect, it } from 'vitest'
import type { Command } from '../state-machine/command.js'
import { decodeProposal, encodeProposal } from '../state-machine/proposal-codec.js'
import { deleteRange, kv, put } from '../state-machine/state-machine.test-support.js'
import { openStorage } from '../storage/open-storage.js'
import { systemClock } from '../time/clock.js'
import { CoordinatorNode } from './coordinator-node.js'
import { eventually, turn } from './tracked.test-support.js'

const MIB = 1024 * 1024

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

class Scene {
  freeBytes = 1_000 * MIB
  copies = 0
  firstIndex = (): number => 1
  readonly sent: Message[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'holdfast-node-'))

  constructor() {
    closers.push(() => rmSync(this.#directory, { recursive: true, force: true }))
  }

  async start(): Promise<CoordinatorNode> {
    const onFatal = (error: unknown): void => {
      throw error
    }
    const storage = await openStorage({
      directory: this.#directory,
      identity: { clusterId: '77', memberId: '1' },
      membership: { voters: ['1'], learners: ['2'] },
      onFatal,
    })
    closers.push(() => storage.close())
    this.firstIndex = () => storage.log.firstIndex()
    const node = new CoordinatorNode({
      ...{ memberId: '1', incarnation: 'a', seed: 1, clock: systemClock },
      ...{ tickMs: 10, heartbeatTicks: 1, electionTicks: 10 },
      ...{ log: storage.log, state: storage.state, applyGate: () => storage.applyGate },
      snapshots: {
        take: () => {
          this.copies += 1
          return storage.outgoing.take()
        },
        send: () => Promise.reject(new Error('nobody is there')),
        ...{ install: () => storage.installSnapshot(), discard: () => undefined },
        durableIndex: () => storage.state.appliedIndex,
        ...{ oldestSentIndex: () => Infinity, keptEntries: 1 },
      },
      codec: { encode: encodeProposal, decode: decodeProposal },
      transport: {
        send: (message) => void this.sent.push(message),
        flush: () => undefined,
        request: () => Promise.reject(new Error('nobody asks')),
        setPeers: () => undefined,
        close: () => Promise.resolve(),
      },
      space: {
        freeBytes: () => Promise.resolve(this.freeBytes),
        hold: () => Promise.resolve(),
        release: () => undefined,
      },
      ...{ onApplied: () => undefined, onRestored: () => undefined, onStatus: () => undefined },
      onFatal,
    })
    closers.push(() => node.close())
    node.start()
    return node
  }
}

function forwarded(term: number, ref: number, ...commands: readonly Command[]): Message {
  const encoded = commands.map((command, at) =>
    encodeProposal({ origin: '2/x', sequence: 10 * ref + at, requestId: undefined, command }),
  )
  return { type: 'forwardProposal', from: '2', to: '1', term, ref, commands: encoded }
}

function offered(index: number): InstallSnapshot {
  const snapshot = { index, term: 1, membership: { voters: ['1', '2'], learners: [] } }
  return { type: 'installSnapshot', from: '2', to: '1', term: 1, snapshot }
}

describe('a leader that has hardly any room', () => {
  it('turns away what others would make the state grow by, and takes the rest', async () => {
    const scene = new Scene()
    const node = await scene.start()
    await eventually(() => node.status.role).toBe('leader')
    const { term } = node.status
    const receive = (ref: number, ...commands: readonly Command[]): void =>
      node.peerHandler.onMessage(forwarded(term, ref, ...commands))
    receive(1, kv(put('a')))
    await eventually(() => node.state.revision).toBe(2)

    scene.freeBytes = 31 * MIB
    await eventually(() => node.isShortOfSpace).toBe(true)
    receive(2, kv(put('b')))
    receive(3, kv(deleteRange('a')), kv(put('b')))
    receive(4, kv(deleteRange('a')))
    await eventually(() => node.state.revision).toBe(3)
    const refused = { type: 'forwardProposalRejected', from: '1', to: '2', term }
    expect(scene.sent.filter(({ type }) => type === refused.type)).toEqual([
      { ...refused, ref: 2 },
      { ...refused, ref: 3 },
    ])

    scene.freeBytes = 33 * MIB
    receive(5, { type: 'compact', revision: 3 })
    await eventually(() => node.state.compactRevision).toBe(3)
    await eventually(() => {
      receive(6, kv(put('b')))
      return node.state.revision > 3
    }).toBe(true)
  })
})

describe('a snapshot that would leave hardly any room', () => {
  it('is not wanted, whatever its size if there is hardly any already', async () => {
    const scene = new Scene()
    const node = await scene.start()
    expect(node.peerHandler.wantsSnapshot(offered(1_000))).toBe(true)
    scene.freeBytes = 200 * MIB
    await eventually(() => node.hasRoomFor(137 * MIB)).toBe(false)
    expect(node.hasRoomFor(136 * MIB)).toBe(true)
    scene.freeBytes = 63 * MIB
    await eventually(() => node.peerHandler.wantsSnapshot(offered(1_000))).toBe(false)
  })

  it('is not made for a follower that needs one', async () => {
    const scene = new Scene()
    scene.freeBytes = 64 * MIB
    const node = await scene.start()
    for (let write = 0; write < 3; write += 1) {
      await node.propose(kv(put('k')), { timeoutMs: 10_000 })
    }
    await eventually(() => scene.firstIndex()).toBeGreaterThan(1)
    const { term } = node.status
    const ask = (): void => {
      const said = { from: '2', to: '1', term }
      node.peerHandler.onMessage({ type: 'heartbeatResponse', ...said, readPosition: 0 })
      const rejected = { prevLogIndex: 0, hintIndex: 0, hintTerm: 0 }
      node.peerHandler.onMessage({ type: 'appendEntriesRejected', ...said, ...rejected })
    }
    ask()
    for (let turns = 0; turns < 50; turns += 1) await turn()
    expect([scene.copies, node.isShortOfSpace]).toEqual([0, false])
    scene.freeBytes = 65 * MIB
    await eventually(() => {
      ask()
      return scene.copies
    }).toBe(1)
  })
})
