import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { kv, put } from '../state-machine/state-machine.test-support.js'
import type { CommittedProposal } from '../state-machine/state-machine.js'
import type { Storage } from './open-storage.js'
import { openStateStore } from './sqlite-state-store.js'
import { logAndApply, newDirectory, open } from './storage.test-support.js'
import { watchingFiles, type Watched } from './watched-files.test-support.js'

const WAL_BYTES = 1024 * 1024
const SOON = { walBytes: WAL_BYTES, intervalMs: 60_000 }

function batch({ state }: Storage, length = 20): CommittedProposal[] {
  return Array.from({ length }, (_, at) => {
    const index = state.appliedIndex + 1 + at
    const command = kv(put(`key ${(index * 7919) % 1000}`, 'v'.repeat(400)))
    return {
      index,
      term: 1,
      proposal: { origin: '', sequence: index, requestId: undefined, command },
    }
  })
}

/** Applies, as a driver does, until the state has been made durable `times` more times. */
async function applyUntilDurable(
  storage: Storage,
  times: number,
  look: () => void = () => undefined,
): Promise<void> {
  let durable = storage.durableAppliedIndex
  for (let done = 0; done < times;) {
    await storage.applyGate
    storage.state.apply(batch(storage))
    look()
    await turn()
    if (storage.durableAppliedIndex === durable) continue
    durable = storage.durableAppliedIndex
    done++
  }
}

/** What a WAL's header says about which of its lives it is in; it changes when the WAL starts over. */
function walSalt(directory: string): string {
  const descriptor = openSync(join(directory, 'state.db-wal'), 'r')
  const header = Buffer.alloc(32)
  const length = readSync(descriptor, header, 0, 32, 0)
  closeSync(descriptor)
  return length < 32 ? '' : header.toString('hex', 16, 24)
}

function blockThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('checkpoints of the state', () => {
  it('keep the WAL bounded under steady writes', async () => {
    const directory = newDirectory()
    const storage = await open(directory, { checkpointLimits: SOON })
    let largest = 0
    await applyUntilDurable(storage, 4, () => {
      largest = Math.max(largest, statSync(join(directory, 'state.db-wal')).size)
    })
    expect(largest).toBeGreaterThanOrEqual(WAL_BYTES)
    // What is written in one look of the worker's timer and in its passes comes on top.
    expect(largest).toBeLessThan(WAL_BYTES + 200 * 1024 * 1024)
    expect(storage.durableAppliedIndex).toBeLessThanOrEqual(storage.state.appliedIndex)
  })

  it('come soon after the last write, too, when there is little to copy', async () => {
    const directory = newDirectory()
    const limits = { walBytes: 1024 * 1024 * 1024, intervalMs: 1 }
    const storage = await open(directory, { checkpointLimits: limits })
    storage.state.apply(batch(storage))
    await vi.waitFor(() => expect(storage.durableAppliedIndex).toBe(storage.state.appliedIndex), {
      timeout: 10_000,
    })
    expect(statSync(join(directory, 'state.db-wal')).size).toBe(0)
    // The database alone, without its WAL, holds all of it.
    const copy = newDirectory()
    mkdirSync(copy)
    copyFileSync(join(directory, 'state.db'), join(copy, 'state.db'))
    const copied = openStateStore({ path: join(copy, 'state.db'), clusterId: '10' })
    expect(copied.loadPosition().appliedIndex).toBe(storage.state.appliedIndex)
    copied.close()
  })

  it('never let the WAL start over but empty and synced (see checkpoint-worker.ts)', async () => {
    const directory = newDirectory()
    const limits = { walBytes: 64 * 1024, intervalMs: 60_000 }
    const storage = await open(directory, { checkpointLimits: limits })
    const sizeBefore = statSync(join(directory, 'state.db')).size
    // At once, so that no pass begins half-way.
    storage.state.apply(batch(storage, 200))
    const salt = walSalt(directory)
    // The worker now copies everything, undisturbed, and asks for a hold that nobody hears, because
    // this thread does not turn. SQLite would let the next write start the WAL over.
    const isCopied = (): boolean => statSync(join(directory, 'state.db')).size > sizeBefore
    for (let tries = 0; tries < 100 && !isCopied(); tries++) blockThread(50)
    expect(isCopied()).toBe(true)
    blockThread(500)
    storage.state.apply(batch(storage))
    expect(walSalt(directory)).toBe(salt)
    // Once the hold is heard, it does start over.
    await applyUntilDurable(storage, 1)
    storage.state.apply(batch(storage))
    expect(walSalt(directory)).not.toBe(salt)
  })

  it('hold a driver that does not look at the gate, instead of failing it', async () => {
    const storage = await open(newDirectory(), {
      checkpointLimits: { walBytes: 64 * 1024, intervalMs: 1 },
    })
    let held = 0
    const stop = Date.now() + 1_500
    while (Date.now() < stop) {
      if (storage.applyGate !== undefined) held++
      storage.state.apply(batch(storage))
      await turn()
    }
    expect(held).toBeGreaterThan(0)
    expect(storage.durableAppliedIndex).toBeGreaterThan(0)
  })

  it('that a kill has ended before the emptied WAL was synced leave that to the next start', async () => {
    const directory = newDirectory()
    await (await open(directory)).close()
    const wal = join(directory, 'state.db-wal')
    writeFileSync(wal, '')
    const { ino } = statSync(wal)
    const synced: number[] = []
    const watch = ({ fsyncSync }: Watched): Partial<Watched> => ({
      fsyncSync: (descriptor) => {
        if (fstatSync(descriptor).ino === ino) synced.push(fstatSync(descriptor).size)
        fsyncSync(descriptor)
      },
    })
    await watchingFiles(watch, async () => {
      await open(directory)
    })
    // Before anything was written to it.
    expect(synced).toEqual([0])
  })

  it('leave nothing behind for the next start', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    await logAndApply(storage, batch(storage))
    const { hash } = storage.state.hash()
    await storage.close()
    expect(() => statSync(join(directory, 'state.db-wal'))).toThrow('ENOENT')
    expect((await open(directory)).state.hash().hash).toBe(hash)
  })

  it('that have failed leave the state as it is: nobody copies its WAL without an fsync (catalogue 32)', async () => {
    const directory = newDirectory()
    const reasons: Error[] = []
    const onFatal = (error: Error): void => void reasons.push(error)
    const storage = await open(directory, { onFatal })
    await logAndApply(storage, batch(storage))
    const before = readFileSync(join(directory, 'state.db'))
    renameSync(join(directory, 'state.db-wal'), join(directory, 'taken-away'))
    await vi.waitFor(() => expect(reasons).toHaveLength(1), 10_000)
    expect(reasons[0]!.message).toContain('the state can no longer be made durable')
    await storage.close()
    expect(readFileSync(join(directory, 'state.db')).equals(before)).toBe(true)
  })
})

describe('the main thread', () => {
  it('goes on while the log worker waits for the disk (catalogue 37)', async () => {
    const storage = await open(newDirectory())
    const data = Buffer.alloc(1024 * 1024)
    const entries = Array.from({ length: 24 }, (_, at) => ({
      index: at + 1,
      term: 1,
      kind: 'command' as const,
      data,
    }))
    const progress = { isDurable: false, turns: 0 }
    storage.log.append({ hardState: undefined, entries }, () => (progress.isDurable = true))
    for (; !progress.isDurable; progress.turns++) await turn()
    // Waiting for the fsync here would leave one turn, or a few.
    expect(progress.turns).toBeGreaterThan(100)
  })
})
