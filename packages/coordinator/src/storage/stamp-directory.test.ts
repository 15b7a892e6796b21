/** What a data directory says of itself, start after start (catalogue 34). */

import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { DirectoryStamp } from '../state-machine/directory-stamp.js'
import type { CommittedProposal } from '../state-machine/state-machine.js'
import type { Storage } from './open-storage.js'
import { logAndApply, newDirectory, open, OPTIONS } from './storage.test-support.js'

function published(index: number, directory: DirectoryStamp): CommittedProposal {
  const { memberId: id } = OPTIONS.identity
  const command = {
    type: 'publishMember',
    member: { id, name: 'm', clientUrls: [], directory },
  } as const
  return {
    index,
    term: 1,
    proposal: { origin: 't', sequence: index, requestId: undefined, command },
  }
}

async function publish(storage: Storage, index: number): Promise<DirectoryStamp> {
  await logAndApply(storage, [published(index, storage.stamp)])
  return storage.stamp
}

it('a directory keeps its stamp until it is published, and begins a generation then', async () => {
  const directory = newDirectory()
  const first = await open(directory)
  const { stamp } = first
  expect(stamp.generation).toBe(1)
  await first.close()
  const second = await open(directory)
  expect(second.stamp).toEqual(stamp)
  await publish(second, 1)
  await second.close()
  const third = await open(directory)
  expect(third.stamp).toMatchObject({ directoryId: stamp.directoryId, generation: 2 })
  expect(third.stamp.generationId).not.toBe(stamp.generationId)
})

it('two directories have two ids, and two copies of one have two generations', async () => {
  const directory = newDirectory()
  const first = await open(directory)
  await publish(first, 1)
  await first.close()
  const copy = `${directory}.copy`
  cpSync(directory, copy, { recursive: true })
  const [one, other, foreign] = [
    await open(directory),
    await open(copy),
    await open(newDirectory()),
  ]
  expect(other.stamp).toMatchObject({ directoryId: one.stamp.directoryId, generation: 2 })
  expect(other.stamp.generationId).not.toBe(one.stamp.generationId)
  expect(foreign.stamp.directoryId).not.toBe(one.stamp.directoryId)
})

it('a log beside a state that knows of a later start is refused', async () => {
  const directory = newDirectory()
  const first = await open(directory)
  await publish(first, 1)
  await first.close()
  const old = `${directory}.old`
  cpSync(directory, old, { recursive: true })
  const second = await open(directory)
  second.state.apply([published(2, second.stamp)])
  await second.close()
  // As long as the state, so that nothing else is missing there.
  const extended = await open(old)
  await logAndApply(extended, [{ index: 2, term: 1, proposal: undefined }])
  await extended.close()
  for (const file of ['state.db', 'state.sums']) {
    rmSync(join(old, file))
    cpSync(join(directory, file), join(old, file))
  }
  await expect(open(old)).rejects.toThrow(/had been started again since this copy .*member remove/)
})

it('a directory of an older program gets a stamp', async () => {
  const directory = newDirectory()
  await (await open(directory)).close()
  const old = new Database(join(directory, 'raft.db'))
  old.exec('DROP TABLE directory_stamp; ALTER TABLE identity DROP COLUMN restored_from')
  old.pragma('user_version = 2')
  old.close()
  expect((await open(directory)).stamp.generation).toBe(1)
})
