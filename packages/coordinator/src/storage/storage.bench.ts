/**
 * What storage costs on this machine; not a test. After `npx tsc -b packages/coordinator`:
 *
 *   node packages/coordinator/dist/storage/storage.bench.js
 *
 * Apply: microseconds of the main thread a put (4,096 keys written at random) and a pair of lock and
 * unlock (a fresh key under a lease each, as the SDK does it) at several sizes of batch. Log: writes
 * a second when each waits for the one before, and when many are in flight and share fsyncs. Stall:
 * the longest time in which the main thread did nothing else.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Entry } from '@holdfast/raft'
import type { Command } from '../state-machine/command.js'
import type { Operation, PutOperation } from '../state-machine/operation.js'
import type { CommittedProposal } from '../state-machine/state-machine.js'
import { openStorage, type Storage } from './open-storage.js'

const KEYS = 4096
const VALUE = Buffer.alloc(100, 'v')
const NOTHING = Buffer.alloc(0)
const LEASE = '7587869134871234561'

/** Small commands, each wrapped in a proposal as the node does, applied in batches. */
class Load {
  readonly #storage: Storage
  readonly #withRequestIds: boolean
  #sequence = 0
  /** The longest time for which a checkpoint kept this load from applying. */
  longestHoldMs = 0

  constructor(storage: Storage, withRequestIds: boolean) {
    this.#storage = storage
    this.#withRequestIds = withRequestIds
  }

  async run(commands: (at: number) => Command, count: number, batchSize: number): Promise<number> {
    let busyMs = 0
    let turnMs = 0
    for (let done = 0; done < count; done += batchSize) {
      const batch = this.#batch(commands, done, batchSize)
      await this.#waitForGate()
      const start = performance.now()
      this.#storage.state.apply(batch)
      const tookMs = performance.now() - start
      busyMs += tookMs
      turnMs += tookMs
      if (turnMs < 1) continue
      turnMs = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
    return (busyMs * 1000) / count
  }

  async #waitForGate(): Promise<void> {
    const gate = this.#storage.applyGate
    if (gate === undefined) return
    const start = performance.now()
    await gate
    this.longestHoldMs = Math.max(this.longestHoldMs, performance.now() - start)
  }

  #batch(commands: (at: number) => Command, from: number, size: number): CommittedProposal[] {
    const { appliedIndex, revision } = this.#storage.state
    return Array.from({ length: size }, (_, at) => {
      const sequence = ++this.#sequence
      const id = `${sequence.toString(36)}-K3TFh0wUuUDtUbCFSiDbN`
      const requestId = this.#withRequestIds ? { id, issuedAtRevision: revision } : undefined
      const proposal = { origin: 'bench', sequence, requestId, command: commands(from + at) }
      return { index: appliedIndex + 1 + at, term: 1, proposal }
    })
  }
}

function kv(operation: Operation): Command {
  return { type: 'kv', operation }
}

function put(key: string, lease: string): PutOperation {
  return {
    type: 'put',
    key: Buffer.from(key),
    value: VALUE,
    lease,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  }
}

/** Spread over the keys without a random source: the multiplier is coprime to their number. */
function scatteredPut(at: number): Command {
  return kv(put(`key/${((at * 2_654_435_761) % KEYS).toString().padStart(8, '0')}`, '0'))
}

/** Even: the lock transaction of an uncontended lock. Odd: its release. */
function lockOrUnlock(at: number): Command {
  const key = `lock/${(at >> 1) % 512}/${((at >> 1) * 2_654_435_761).toString(16)}`
  if (at % 2 === 1) {
    return kv({ type: 'deleteRange', key: Buffer.from(key), rangeEnd: NOTHING, prevKv: false })
  }
  const isFree = {
    key: Buffer.from(key),
    rangeEnd: NOTHING,
    result: 'equal',
    target: 'create',
    operand: 0,
  } as const
  return kv({ type: 'txn', compare: [isFree], success: [put(key, LEASE)], failure: [] })
}

async function benchApply(storage: Storage): Promise<void> {
  const plain = new Load(storage, false)
  const identified = new Load(storage, true)
  await plain.run(() => ({ type: 'leaseGrant', id: LEASE, ttlSeconds: 60 }), 1, 1)
  await plain.run(scatteredPut, 20_000, 64)
  for (const batchSize of [1, 8, 64, 512]) {
    const count = batchSize === 1 ? 20_000 : 100_000
    const putUs = await plain.run(scatteredPut, count, batchSize)
    const half = await plain.run(lockOrUnlock, count, batchSize)
    const identifiedUs = await identified.run(scatteredPut, count, batchSize)
    report(`apply, ${batchSize} to a batch`, [
      `${putUs.toFixed(1)} us a put`,
      `${identifiedUs.toFixed(1)} us with a request id`,
      `${(2 * half).toFixed(1)} us a lock and unlock`,
    ])
  }
  const holdMs = Math.max(plain.longestHoldMs, identified.longestHoldMs)
  report('apply, longest hold', [`${holdMs.toFixed(1)} ms`])
}

async function benchLog(storage: Storage): Promise<void> {
  for (const [inFlight, count] of [
    [1, 300],
    [16, 3_000],
    [256, 30_000],
  ] as const) {
    const start = performance.now()
    await appendMany(storage, inFlight, count)
    const perSecond = (count * 1000) / (performance.now() - start)
    report(`log, ${inFlight} in flight`, [`${perSecond.toFixed(0)} writes/s`])
  }
}

function appendMany({ log }: Storage, inFlight: number, count: number): Promise<void> {
  return new Promise((resolve) => {
    let started = 0
    let finished = 0
    const next = (): void => {
      if (started === count) return
      started++
      const index = log.lastIndex() + 1
      const entry: Entry = { index, term: 1, kind: 'command', data: VALUE }
      log.append({ hardState: undefined, entries: [entry] }, () => {
        finished++
        if (finished === count) resolve()
        next()
      })
    }
    for (let at = 0; at < inFlight; at++) next()
  })
}

function report(what: string, figures: readonly string[]): void {
  process.stdout.write(`${what.padEnd(26)} ${figures.join(', ')}\n`)
}

async function main(): Promise<void> {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const storage = await openStorage({
    directory: join(parent, 'data'),
    identity: { clusterId: '1', memberId: '1' },
    membership: { voters: ['1'], learners: [] },
    onFatal: (error) => {
      throw error
    },
  })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await benchApply(storage)
  report('apply, worst stall', [`${(delay.max / 1e6).toFixed(1)} ms`])
  delay.reset()
  await benchLog(storage)
  report('log, worst stall', [`${(delay.max / 1e6).toFixed(1)} ms`])
  await storage.close()
  rmSync(parent, { recursive: true })
}

await main()
