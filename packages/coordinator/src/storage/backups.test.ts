/** Copies of the state for who keeps them. */

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Backup } from './backups.js'
import { openStateStore } from './sqlite-state-store.js'
import { logAndApply, newDirectory, open, putAt } from './storage.test-support.js'

const NAME = /^backup-/
const AT_MOST = 4

async function contentOf({ file, bytes }: Backup): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
  return buffer
}

function indexOf(image: Buffer): number {
  // A database that says that it has a WAL cannot be opened in memory (SQLite, file format, §1.3).
  image.fill(1, 18, 20)
  const store = openStateStore({ path: image, clusterId: '10' })
  const { appliedIndex } = store.loadPosition()
  store.close()
  return appliedIndex
}

it('hold what was applied before they were asked for, whatever copies there are of earlier', async () => {
  const storage = await open(newDirectory())
  await logAndApply(storage, [putAt(1, 'a')])
  const forFollowers = await storage.outgoing.take()
  const first = await storage.backups.take()
  await logAndApply(storage, [putAt(2, 'b')])
  const second = await storage.backups.take()
  expect(indexOf(await contentOf(first!))).toBe(1)
  expect(indexOf(await contentOf(second!))).toBe(2)
  for (const one of [first, second]) await one!.release()
  forFollowers.release()
})

it('can be asked for all at once, a few at a time', async () => {
  const directory = newDirectory()
  const storage = await open(directory)
  await logAndApply(storage, [putAt(1, 'a')])
  const asked = Array.from({ length: AT_MOST + 2 }, () => storage.backups.take())
  const taken = (await Promise.all(asked)).filter((one) => one !== undefined)
  expect(taken).toHaveLength(AT_MOST)
  expect(await storage.backups.take()).toBeUndefined()
  // They have no names any more.
  expect(readdirSync(directory).filter((name) => NAME.test(name))).toEqual([])
  for (const one of taken) expect(indexOf(await contentOf(one))).toBe(1)
  for (const one of taken) await one.release()
  const again = await storage.backups.take()
  expect(again).toBeDefined()
  await again?.release()
})

it('that cannot be made leave nothing, and take nobody’s place', async () => {
  const directory = newDirectory()
  const storage = await open(directory)
  await storage.close()
  for (let at = 0; at <= AT_MOST; at += 1) {
    await expect(storage.backups.take()).rejects.toThrow('copies of the state')
  }
  expect(readdirSync(directory).filter((name) => NAME.test(name))).toEqual([])
})

it('of a process that was killed are removed at the next start', async () => {
  const directory = newDirectory()
  await (await open(directory)).close()
  writeFileSync(join(directory, 'backup-7.db'), 'half')
  await open(directory)
  expect(readdirSync(directory).filter((name) => NAME.test(name))).toEqual([])
})
