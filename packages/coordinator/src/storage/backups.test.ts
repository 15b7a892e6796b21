/** Copies of the state for who keeps them. */

import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Backup, BackupRefusal } from './backups.js'
import type { Storage } from './open-storage.js'
import { beginBehind, memberWith, receive, snapshotOf } from './snapshot.test-support.js'
import { openStateStore } from './sqlite-state-store.js'
import { logAndApply, newDirectory, open, putAt } from './storage.test-support.js'

const NAME = /^backup-/
const AT_MOST = 4

const take = (
  { backups }: Storage,
  hasRoom: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<Backup | BackupRefusal> => backups.take(hasRoom)

async function taken(storage: Storage): Promise<Backup> {
  const backup = await take(storage)
  if (typeof backup === 'string') throw new Error(backup)
  return backup
}

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
  const first = await taken(storage)
  await logAndApply(storage, [putAt(2, 'b')])
  const second = await taken(storage)
  expect(indexOf(await contentOf(first))).toBe(1)
  expect(indexOf(await contentOf(second))).toBe(2)
  for (const one of [first, second]) await one.release()
  forFollowers.release()
})

it('can be asked for all at once, a few at a time', async () => {
  const directory = newDirectory()
  const storage = await open(directory)
  await logAndApply(storage, [putAt(1, 'a')])
  const asked = Array.from({ length: AT_MOST + 2 }, () => take(storage))
  const made = (await Promise.all(asked)).filter((one) => typeof one !== 'string')
  expect(made).toHaveLength(AT_MOST)
  expect(await take(storage)).toBe('tooMany')
  // They have no names any more.
  expect(readdirSync(directory).filter((name) => NAME.test(name))).toEqual([])
  for (const one of made) expect(indexOf(await contentOf(one))).toBe(1)
  for (const one of made) await one.release()
  await (await taken(storage)).release()
})

it('that are asked for all at once look for room one after the other', async () => {
  const storage = await open(newDirectory())
  let made = 0
  const hasRoom = async (): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve))
    return made < 2
  }
  const asked = Array.from({ length: AT_MOST }, async () => {
    const backup = await take(storage, hasRoom)
    if (typeof backup !== 'string') made += 1
    return backup
  })
  const backups = await Promise.all(asked)
  expect(backups.filter((one) => one === 'noRoom')).toHaveLength(AT_MOST - 2)
  // Nobody's place is taken by those.
  for (let at = 2; at < AT_MOST; at += 1) backups.push(await taken(storage))
  for (const one of backups) if (typeof one !== 'string') await one.release()
})

it.runIf(existsSync('/dev/full'))('for which the disk turns out to be full say so', async () => {
  const directory = newDirectory()
  const storage = await open(directory)
  for (let at = 1; at <= AT_MOST; at += 1) {
    symlinkSync('/dev/full', join(directory, `backup-${at}.db`))
    expect(await take(storage)).toBe('noRoom')
  }
  expect(readdirSync(directory).filter((name) => NAME.test(name))).toEqual([])
  await (await taken(storage)).release()
})

it('that an installation gets in the way of are made of what it installs', async () => {
  const sent = await snapshotOf(await memberWith(50))
  const receiver = await memberWith(5)
  await receive(receiver, sent).finish()
  await beginBehind(receiver, sent)
  const backup = taken(receiver)
  // Just begun: the thread that makes it has to ask this one before it can.
  for (let turns = 0; turns < 5; turns += 1) await Promise.resolve()
  await receiver.installSnapshot()
  const made = await backup
  expect(indexOf(await contentOf(made))).toBe(50)
  await made.release()
})

it('that cannot be made any more say so, leave nothing, and take nobody’s place', async () => {
  const directory = newDirectory()
  const storage = await open(directory)
  await storage.close()
  for (let at = 0; at <= AT_MOST; at += 1) expect(await take(storage)).toBe('closed')
  expect(readdirSync(directory).filter((name) => NAME.test(name))).toEqual([])
})

it('of a process that was killed are removed at the next start', async () => {
  const directory = newDirectory()
  await (await open(directory)).close()
  writeFileSync(join(directory, 'backup-7.db'), 'half')
  await open(directory)
  expect(readdirSync(directory).filter((name) => NAME.test(name))).toEqual([])
})
