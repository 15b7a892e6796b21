/**
 * A program that does to one data directory what a member does, and says on its standard output what
 * it hands over and what was acknowledged. It runs under strace; its own writes are thereby in one
 * order with those to the files.
 *
 *   node power-loss-workload.test-support.js DIRECTORY SNAPSHOTS first|second|third
 *   node power-loss-workload.test-support.js DIRECTORY SNAPSHOTS prepare
 *
 * The first run ends by SIGKILL, the second by `process.exit`, the third in order; each goes on where
 * the one before was, and receives a snapshot. These are prepared before, of another member in
 * DIRECTORY, without being traced.
 */

import { copyFileSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { invariant, type Entry } from '@holdfast/raft'
import type { Command } from '../state-machine/command.js'
import type { Operation } from '../state-machine/operation.js'
import { decodeProposal, encodeProposal } from '../state-machine/proposal-codec.js'
import type { CommittedProposal } from '../state-machine/state-machine.js'
import { openStorage, type LogWrite, type StateCopy, type Storage } from './open-storage.js'
import type { Said } from './power-loss-log.test-support.js'

const MEMBERSHIP = { voters: ['1', '2'], learners: ['3'] }
const RUNS = ['first', 'second', 'third']
const ROUNDS = 8
const SNAPSHOT_STEP = 1_000
const CHUNK_BYTES = 50_000
/** Little, so that a short run meets every limit. */
const CHECKPOINT_LIMITS = { walBytes: 150_000, intervalMs: 30 }
/** Of a waiting loop that looks for a condition. */
const LOOK_MS = 2

function say(said: Said): void {
  writeSync(1, `${JSON.stringify(said)}\n`)
}

/** Numbers that repeat from run to run: a linear congruential generator. */
let drawn = 12_345
function draw(below: number): number {
  drawn = (Math.imul(drawn, 1_103_515_245) + 12_345) >>> 0
  return Math.floor((drawn / 2 ** 32) * below)
}

function open(directory: string): Promise<Storage> {
  return openStorage({
    directory,
    identity: { clusterId: '10', memberId: '1' },
    membership: MEMBERSHIP,
    checkpointLimits: CHECKPOINT_LIMITS,
    onFatal: (error) => {
      throw error
    },
  })
}

function commandAt(index: number, revision: number): Command {
  if (index % 40 === 0 && revision > 30) return { type: 'compact', revision: revision - 20 }
  const key = Buffer.from(`key ${index % 30}`)
  const operation: Operation =
    index % 9 === 0
      ? { type: 'deleteRange', key, rangeEnd: Buffer.from('key 2'), prevKv: false }
      : {
          type: 'put',
          ...{ key, value: Buffer.alloc(draw(1_500), index), lease: '0' },
          ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
        }
  return { type: 'kv', operation }
}

function entryAt(index: number, term: number, revision: number): Entry {
  const proposal = {
    ...{ origin: 'workload', sequence: index, requestId: undefined },
    command: commandAt(index, revision),
  }
  return { index, term, kind: 'command', data: encodeProposal(proposal) }
}

function proposalOf({ index, term, kind, data }: Entry): CommittedProposal {
  return { index, term, proposal: kind === 'command' ? decodeProposal(data) : undefined }
}

class Member {
  readonly #directory: string
  #storage: Storage
  #term: number
  /** Entries up to this one are durable and are not overwritten any more. */
  #durableIndex: number
  #checkpoint = 0
  static #writes = 0

  static async open(directory: string): Promise<Member> {
    return new Member(directory, await open(directory))
  }

  private constructor(directory: string, storage: Storage) {
    this.#directory = directory
    this.#storage = storage
    this.#term = storage.log.initialState().hardState.term
    this.#durableIndex = storage.log.lastIndex()
  }

  async reopen(): Promise<void> {
    await this.#storage.close()
    this.#storage = await open(this.#directory)
  }

  close(): Promise<void> {
    return this.#storage.close()
  }

  async round(at: number): Promise<void> {
    if (at % 4 === 0) await this.#vote()
    await this.#append(1 + draw(4))
    if (at % 3 === 0) await this.#overwrite()
    await this.#applyThrough(this.#durableIndex - draw(3))
    if (at % 5 === 0) this.#cut()
    if (at % 6 === 0) await this.#nextCheckpoint()
  }

  /** What is in the log, but not applied, is not committed; a snapshot takes its place. */
  async install(received: Snapshot): Promise<void> {
    await received.receive(this.#storage).finish()
    this.#storage.discardSnapshot()
    const incoming = received.receive(this.#storage)
    const { index, term } = incoming.copy
    await incoming.finish()
    const snapshot = { index, term, membership: MEMBERSHIP }
    const writes = [
      this.#write({ hardState: this.#hardState('2'), snapshot, entries: [] }),
      this.#write({ hardState: undefined, entries: [this.#entry(index + 1)] }),
    ]
    await Promise.all(writes)
    this.#durableIndex = index + 1
    await this.#storage.installSnapshot()
    say({ type: 'applied', index })
    this.#checkpoint = 0
  }

  async #vote(): Promise<void> {
    this.#term += 1
    await this.#write({ hardState: this.#hardState(undefined), entries: [] })
    await this.#write({ hardState: this.#hardState(String(1 + draw(2))), entries: [] })
  }

  #hardState(votedFor: string | undefined): { term: number; votedFor: string | undefined } {
    return { term: this.#term, votedFor }
  }

  #entry(index: number): Entry {
    return entryAt(index, this.#term, this.#storage.state.revision)
  }

  /** Several writes in flight, each of one to three entries. */
  async #append(count: number): Promise<void> {
    const writes = Array.from({ length: count }, () => {
      const first = this.#storage.log.lastIndex() + 1
      const entries = Array.from({ length: 1 + draw(3) }, (_, at) => this.#entry(first + at))
      return this.#write({ hardState: undefined, entries })
    })
    await Promise.all(writes)
    this.#durableIndex = this.#storage.log.lastIndex()
  }

  /** Another leader's entries take the place of some that are not committed. */
  async #overwrite(): Promise<void> {
    const { log, state } = this.#storage
    const first = Math.max(state.appliedIndex + 1, log.lastIndex() - draw(3))
    const writes = [1, 2].map(() => {
      this.#term += 1
      const entries = [this.#entry(first), this.#entry(first + 1)]
      return this.#write({ hardState: this.#hardState(undefined), entries })
    })
    await Promise.all(writes)
    this.#durableIndex = log.lastIndex()
  }

  async #applyThrough(last: number): Promise<void> {
    for (let gate = this.#storage.applyGate; gate !== undefined; gate = this.#storage.applyGate) {
      await gate
    }
    const { log, state } = this.#storage
    const from = state.appliedIndex + 1
    if (from > last) return
    for (const entry of log.entries(from, last + 1, Number.MAX_SAFE_INTEGER)) {
      state.apply([proposalOf(entry)])
      say({ type: 'state', index: entry.index, hash: state.hash().hash })
      say({ type: 'applied', index: entry.index })
    }
    state.removeCompacted(20)
    while (draw(4) === 0 && this.#storage.applyGate === undefined && state.returnFreePages(2));
    this.#sayCheckpoint()
  }

  #cut(): void {
    const index = this.#checkpoint - 4
    if (index < 1) return
    say({ type: 'cut', index })
    this.#storage.log.cut(index)
  }

  async #nextCheckpoint(): Promise<void> {
    while (!this.#sayCheckpoint()) await delay(LOOK_MS)
  }

  #sayCheckpoint(): boolean {
    const { durableAppliedIndex: index } = this.#storage
    if (index <= this.#checkpoint) return false
    this.#checkpoint = index
    say({ type: 'checkpoint', index })
    return true
  }

  #write(write: LogWrite): Promise<void> {
    Member.#writes += 1
    const number = Member.#writes
    const { hardState, snapshot, entries } = write
    say({
      ...{ type: 'write', number },
      ...(hardState && { hardState }),
      ...(snapshot && { snapshot }),
      entries: entries.map(({ data, ...rest }) => {
        return { ...rest, data: Buffer.from(data).toString('base64') }
      }),
    })
    return new Promise((resolve) => {
      this.#storage.log.append(write, () => {
        say({ type: 'durable', number })
        resolve()
      })
    })
  }

  /** Continues the numbers of an earlier run. */
  static countFrom(writes: number): void {
    Member.#writes = writes
  }
}

/** Of another member, far ahead. */
interface Prepared {
  readonly copy: StateCopy
  readonly hash: string
}

async function prepareSnapshots(directory: string, snapshots: string): Promise<void> {
  const storage = await open(directory)
  const { log, state, outgoing } = storage
  for (const name of RUNS) {
    const first = log.lastIndex() + 1
    const entries = Array.from({ length: SNAPSHOT_STEP }, (_, at) =>
      entryAt(first + at, 1, state.revision),
    )
    const hardState = { term: 1, votedFor: '2' }
    await new Promise<void>((resolve) => log.append({ hardState, entries }, resolve))
    for (const entry of entries) {
      await storage.applyGate
      state.apply([proposalOf(entry)])
    }
    const { path, release, ...copy } = await outgoing.take()
    copyFileSync(path, join(snapshots, `${name}.db`))
    release()
    const prepared: Prepared = { copy, hash: state.hash().hash }
    writeFileSync(join(snapshots, `${name}.json`), JSON.stringify(prepared))
  }
  await storage.close()
}

class Snapshot {
  readonly #bytes: Buffer
  readonly #prepared: Prepared

  constructor(snapshots: string, name: string) {
    this.#bytes = readFileSync(join(snapshots, `${name}.db`))
    this.#prepared = JSON.parse(readFileSync(join(snapshots, `${name}.json`), 'utf8')) as Prepared
  }

  /** What has been received whole, and is not finished. */
  receive(storage: Storage): ReturnType<Storage['receiveSnapshot']> {
    const { copy, hash } = this.#prepared
    say({ type: 'state', index: copy.index, hash })
    const incoming = storage.receiveSnapshot(copy)
    for (let at = 0; at < this.#bytes.length; at += CHUNK_BYTES) {
      incoming.write(this.#bytes.subarray(at, at + CHUNK_BYTES))
    }
    return incoming
  }
}

async function run(directory: string, snapshots: string, which: string): Promise<void> {
  const member = await Member.open(directory)
  Member.countFrom(RUNS.indexOf(which) * 1_000_000)
  for (let at = 0; at < ROUNDS; at += 1) await member.round(at)
  await member.reopen()
  for (let at = 0; at < ROUNDS; at += 1) await member.round(at)
  await member.install(new Snapshot(snapshots, which))
  for (let at = 0; at < ROUNDS; at += 1) await member.round(at)
  if (which === 'first') process.kill(process.pid, 'SIGKILL')
  if (which === 'second') process.exit()
  await member.close()
}

const [directory, snapshots, which] = process.argv.slice(2)
invariant(
  directory !== undefined && snapshots !== undefined && which !== undefined,
  'usage: DIRECTORY SNAPSHOTS first|second|third|prepare',
)
if (which === 'prepare') await prepareSnapshots(directory, snapshots)
else await run(directory, snapshots, which)
