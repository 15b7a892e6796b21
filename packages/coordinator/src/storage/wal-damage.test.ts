/**
 * A damaged frame is the end of the WAL for SQLite, which reads the pages of all later frames from the
 * database. A checkpoint may have copied some of them: then the state is a mixture, and no member may
 * start with it (catalogue 35). What a power loss has torn was never copied, and is no damage.
 */

import {
  closeSync,
  cpSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import type { Database } from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { PAGE_BYTES } from './page-size.js'
import { PageSums, sumsPathOf, verifyPages } from './page-sums.js'
import { openClient } from './sqlite-client.js'
import { newDirectory } from './storage.test-support.js'
import { FRAME_BYTES } from './wal-pages.js'

const HEADER_BYTES = 32
const SUFFIXES = ['.db', '.db-wal', '.sums']
/** Frames of the WAL that are copied into the database; two more are not. */
const COPIED_FRAMES = 4

function opened(path: string): Database {
  const client = openClient(path, 'off')
  onTestFinished(() => void client.close())
  return client
}

function read(client: Database): unknown {
  return client.prepare('SELECT (SELECT n FROM a) AS a, (SELECT n FROM b) AS b').get()
}

/** A row in a page of its own. */
function set(client: Database, table: 'a' | 'b', n: number): void {
  client.prepare(`UPDATE ${table} SET n = ?`).run(n)
}

/** A begun read transaction: a checkpoint copies what came before, and lets the WAL not start over. */
function pinned(path: string): Database {
  const client = opened(path)
  client.exec('BEGIN')
  read(client)
  return client
}

/** What a kill leaves of a database with checksums and a WAL that was copied in part. */
function killed(): { readonly path: string; readonly wal: string } {
  const path = `${newDirectory()}.db`
  const client = opened(path)
  for (const table of ['a', 'b']) {
    client.exec(`CREATE TABLE ${table} (n INTEGER); INSERT INTO ${table} VALUES (0)`)
  }
  client.pragma('wal_checkpoint(TRUNCATE)')
  const descriptor = openSync(path, 'r')
  PageSums.of(descriptor).save(sumsPathOf(path))

  const first = pinned(path)
  set(client, 'b', 1)
  set(client, 'b', 2)
  client.transaction(() => {
    set(client, 'a', 3)
    set(client, 'b', 3)
  })()
  const second = pinned(path)
  first.exec('COMMIT')
  expect(client.pragma('wal_checkpoint(PASSIVE)')).toMatchObject([
    { log: COPIED_FRAMES, checkpointed: COPIED_FRAMES },
  ])
  client.transaction(() => {
    set(client, 'a', 4)
    set(client, 'b', 4)
  })()
  const left = `${newDirectory()}.db`
  for (const suffix of SUFFIXES) {
    cpSync(path.replace(/\.db$/, suffix), left.replace(/\.db$/, suffix))
  }
  second.exec('COMMIT')
  closeSync(descriptor)
  return { path: left, wal: `${left}-wal` }
}

/** What a kill leaves of a checkpoint that has cut the file, and not yet saved the sums of the rest. */
function killedWhileCutting(): { readonly path: string; readonly wal: string } {
  const path = `${newDirectory()}.db`
  const client = openClient(path, 'off', { isShrinkable: true })
  client.exec(`CREATE TABLE a (n BLOB); CREATE TABLE b (n); INSERT INTO b VALUES (0)`)
  client.exec(`INSERT INTO a VALUES (zeroblob(40000))`)
  client.pragma('wal_checkpoint(TRUNCATE)')
  const descriptor = openSync(path, 'r')
  PageSums.of(descriptor).save(sumsPathOf(path))
  set(client, 'b', 1)
  client.exec('DELETE FROM a')
  const { size } = statSync(path)
  client.pragma('incremental_vacuum(5)')
  client.pragma('wal_checkpoint(FULL)')
  expect(statSync(path).size).toBe(size - 5 * PAGE_BYTES)
  const left = `${newDirectory()}.db`
  for (const suffix of SUFFIXES) {
    cpSync(path.replace(/\.db$/, suffix), left.replace(/\.db$/, suffix))
  }
  client.close()
  closeSync(descriptor)
  return { path: left, wal: `${left}-wal` }
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at]! ^= 1
  writeFileSync(path, bytes)
}

/** Frame 0: b = 1; 1: b = 2; 2 and 3: a = b = 3; copied up to here; 4 and 5: a = b = 4. */
const inFrame = (number: number, at: number): number => HEADER_BYTES + number * FRAME_BYTES + at

it('a page that was copied from behind a damaged frame is damage', () => {
  for (const at of [inFrame(0, 3), inFrame(1, 100), inFrame(1, 20), inFrame(2, 4_000)]) {
    const { path, wal } = killed()
    flip(wal, at)
    expect(() => verifyPages(path, 'the way back')).toThrow('is damaged at page')
  }
})

it('so is one of a transaction of which only the last frame is damaged', () => {
  const { path, wal } = killed()
  flip(wal, inFrame(3, 100))
  expect(() => verifyPages(path, 'the way back')).toThrow('is damaged at page 2: the way back')
  // For this is what SQLite reads.
  expect(read(opened(path))).toEqual({ a: 3, b: 2 })
})

it.each([4, 10, 17, 24])(
  'so is what was copied where byte %i of the WAL’s header is wrong',
  (at) => {
    const { path, wal } = killed()
    flip(wal, at)
    expect(() => verifyPages(path, 'the way back')).toThrow('is damaged at page 2: the way back')
  },
)

it.each<[string, (wal: string) => void, number]>([
  ['nothing is wrong', () => undefined, 4],
  ['a frame that was never copied is damaged', (wal) => flip(wal, inFrame(4, 100)), 3],
  ['the last frame is damaged', (wal) => flip(wal, inFrame(5, 100)), 3],
  ['the end is missing', (wal) => truncateSync(wal, inFrame(4, 0)), 3],
  ['the last frame is torn', (wal) => truncateSync(wal, inFrame(5, 1_000)), 3],
  [
    'zeros are where something was never synced',
    (wal) => {
      truncateSync(wal, inFrame(4, 500))
      truncateSync(wal, inFrame(6, 0))
    },
    3,
  ],
])('no damage is where %s', (_what, change, expected) => {
  const { path, wal } = killed()
  change(wal)
  verifyPages(path, 'the way back')
  expect(read(opened(path))).toEqual({ a: expected, b: expected })
})

it('no damage are pages that a checkpoint has cut off', () => {
  const { path } = killedWhileCutting()
  verifyPages(path, 'the way back')
  expect(opened(path).prepare('SELECT (SELECT count(*) FROM a) + n FROM b').pluck().get()).toBe(1)
})

it('but they are missing when what made the database smaller is damaged', () => {
  const { path, wal } = killedWhileCutting()
  flip(wal, statSync(wal).size - 100)
  expect(() => verifyPages(path, 'the way back')).toThrow('is damaged at page')
})
