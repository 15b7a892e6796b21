/** What compactions have freed is given back: the database becomes smaller, and then its file. */

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { kv, put } from '../state-machine/state-machine.test-support.js'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import type { Command } from '../state-machine/command.js'
import type { CommittedProposal } from '../state-machine/state-machine.js'
import { openConnection } from './connection.js'
import { migrate } from './migrate.js'
import type { Storage } from './open-storage.js'
import { PAGE_BYTES } from './page-size.js'
import { openStateStore } from './sqlite-state-store.js'
import { STATE_MIGRATIONS } from './state-migrations.js'
import { logAndApply, newDirectory, open } from './storage.test-support.js'

const VERSIONS = 400
const AT_ONCE = { walBytes: 64 * 1024, intervalMs: 1 }

function committed(index: number, command: Command): CommittedProposal {
  const proposal = { origin: 'test', sequence: index, requestId: undefined, command }
  return { index, term: 1, proposal }
}

function putting(index: number): CommittedProposal {
  return committed(index, kv(put(`key ${index % 7}`, 'v'.repeat(3_000))))
}

function compacting(index: number, revision: number): CommittedProposal {
  return committed(index, { type: 'compact', revision })
}

/** Its free pages are several times those that are in use. */
async function fragmented(directory: string): Promise<Storage> {
  const storage = await open(directory, { checkpointLimits: AT_ONCE })
  await logAndApply(
    storage,
    Array.from({ length: VERSIONS }, (_, at) => putting(at + 1)),
  )
  await logAndApply(storage, [compacting(VERSIONS + 1, storage.state.revision)])
  while (storage.state.removeCompacted(100)) await storage.applyGate
  expect(storage.state.sizeBytes).toBeGreaterThan(4 * storage.state.usedBytes)
  return storage
}

async function shrink({ state, applyGate }: Storage, pages = 16): Promise<void> {
  await applyGate
  while (state.returnFreePages(pages)) await turn()
}

it('and holds what it held', async () => {
  const directory = newDirectory()
  const storage = await fragmented(directory)
  const before = storage.state.hash()
  const file = join(directory, 'state.db')
  await vi.waitFor(() => expect(statSync(file).size).toBe(storage.state.sizeBytes))
  await shrink(storage)
  expect(storage.state.sizeBytes).toBe(storage.state.usedBytes)
  expect(storage.state.hash()).toEqual(before)
  await vi.waitFor(() => expect(statSync(file).size).toBe(storage.state.sizeBytes))
  await storage.close()
  expect((await open(directory)).state.hash()).toEqual(before)
})

it('and grows again', async () => {
  const directory = newDirectory()
  const storage = await fragmented(directory)
  const { state } = storage
  for (let round = 0; round < 10; round += 1) {
    await shrink(storage, 3)
    const next = state.appliedIndex + 1
    await logAndApply(
      storage,
      Array.from({ length: 20 }, (_, at) => putting(next + at)),
    )
    await logAndApply(storage, [compacting(state.appliedIndex + 1, state.revision - 5)])
    while (state.removeCompacted(100)) await storage.applyGate
  }
  const before = state.hash()
  await storage.close()
  expect((await open(directory)).state.hash()).toEqual(before)
})

it('unless it was made by a program that could not do so', () => {
  const path = newDirectory()
  const old = openConnection(path, 'off')
  migrate(old, STATE_MIGRATIONS)
  old.client.close()
  const store = openStateStore({ path, clusterId: '10' })
  const machine = createStateMachine(store)
  const batch = Array.from({ length: VERSIONS }, (_, at) => putting(at + 1))
  machine.apply([...batch, compacting(VERSIONS + 1, VERSIONS)])
  while (machine.removeCompacted(100));
  const { sizeBytes } = machine
  expect(machine.returnFreePages(10)).toBe(false)
  expect(machine.sizeBytes).toBe(sizeBytes)
  store.close()
})

it('only of what is new: a state that is opened is not written to', () => {
  const path = newDirectory()
  const store = openStateStore({ path, clusterId: '10' })
  const machine = createStateMachine(store)
  // More than SQLite would leave in a WAL by itself.
  const batch = Array.from({ length: 4 * VERSIONS }, (_, at) => putting(at + 1))
  for (const one of batch) machine.apply([one])
  const before = [path, `${path}-wal`].map((file) => readFileSync(file))
  expect(before[1]!.length).toBeGreaterThan(2_000 * PAGE_BYTES)
  const again = openStateStore({ path, clusterId: '10' })
  expect(again.loadPosition().appliedIndex).toBe(batch.length)
  const after = [path, `${path}-wal`].map((file) => readFileSync(file))
  expect(after.map((bytes, at) => bytes.equals(before[at]!))).toEqual([true, true])
  again.close()
  store.close()
})
