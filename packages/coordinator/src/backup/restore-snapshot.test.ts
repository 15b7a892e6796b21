/** What a snapshot is restored into, what is said of files that are none, and of disks that fail. */

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startCoordinator } from '../start-coordinator.js'
import { lockDirectory } from '../storage/data-directory.js'
import { stateImage } from '../storage/state-image.test-support.js'
import { restoreSnapshot } from './restore-snapshot.js'
import { readSnapshotStatus } from './snapshot-status.js'

const BUMP = 1_000_000_000

let parent: string
let file: string
const at = (name: string): string => join(parent, name)

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'holdfast-restore-'))
  file = at('state.snapshot')
  seal(file)
})
afterEach(() => rmSync(parent, { recursive: true }))

function seal(path: string, sql?: string): void {
  const copy = stateImage(sql)
  writeFileSync(path, Buffer.concat([copy, createHash('sha256').update(copy).digest()]))
}

const restore = (name: string): ReturnType<typeof restoreSnapshot> =>
  restoreSnapshot({ file, dataDirectory: at(name) })

const options = (name: string) => ({
  ...{ dataDirectory: at(name), clientUrl: 'http://127.0.0.1:0', logLevel: 'silent' as const },
})

/** The revision of the member that serves the directory. */
async function revisionOf(name: string): Promise<number> {
  const coordinator = await startCoordinator(options(name))
  try {
    const response = await fetch(`${coordinator.clientUrl}/v3/kv/range`, {
      ...{ method: 'POST', body: '{"key":"YQ=="}' },
    })
    const { header } = (await response.json()) as { header: { revision: string } }
    return Number(header.revision)
  } finally {
    await coordinator.close()
  }
}

describe('a snapshot is restored into', () => {
  it('a directory that is there, which stays the same one, as the mount of a volume must', async () => {
    mkdirSync(at('volume'))
    mkdirSync(at('volume/lost+found'))
    const { ino } = statSync(at('volume'))
    await restore('volume')
    expect(statSync(at('volume')).ino).toBe(ino)
    expect(await revisionOf('volume')).toBe(7 + BUMP)
  })

  it('one in which a member could not start', async () => {
    mkdirSync(at('tried'))
    lockDirectory(at('tried')).release()
    await restore('tried')
    expect(await revisionOf('tried')).toBe(7 + BUMP)
  })

  it('nothing that is no directory', async () => {
    writeFileSync(at('plain'), 'of somebody')
    await expect(restore('plain')).rejects.toMatchObject({
      name: 'CoordinatorOptionsError',
      message: `${at('plain')} is no directory`,
    })
    expect(readFileSync(at('plain'), 'utf8')).toBe('of somebody')
  })

  it('none that holds something, or that another restores into', async () => {
    await restore('member')
    const before = readdirSync(at('member'))
    await expect(restore('member')).rejects.toThrow('is not empty')
    expect(readdirSync(at('member'))).toEqual(before)
    const both = await Promise.allSettled([restore('both'), restore('both')])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await revisionOf('both')).toBe(7 + BUMP)
  })
})

describe('a restore that a crash has ended', () => {
  const FILES = ['raft.db', 'state.db', 'state.sums', 'superblock']

  it.each(FILES.map((_, count) => count).concat(FILES.length))(
    'with %i of its files moved is not served, and another takes it over',
    async (count) => {
      await restore('whole')
      mkdirSync(at('half'))
      mkdirSync(at('half/.restoring'))
      for (const [order, name] of FILES.entries()) {
        renameSync(at(`whole/${name}`), at(`half/${order < count ? '' : '.restoring/'}${name}`))
      }
      await expect(startCoordinator(options('half'))).rejects.toMatchObject({
        message: `${at('half')} was to be made of a snapshot, and that did not end: restore the snapshot again`,
      })
      expect(await restore('half')).toMatchObject({ revision: 7 + BUMP })
      expect(readdirSync(at('half')).sort()).toEqual(['lock', ...FILES])
      expect(await revisionOf('half')).toBe(7 + BUMP)
    },
  )
})

describe('what is wrong with a file is told with its name, by whoever reads it:', () => {
  it.each<[string, string, string]>([
    [
      'one of a newer program',
      'PRAGMA user_version = 99',
      'was made by a newer program: it has format 99',
    ],
    [
      'a table that is missing',
      'DROP TABLE leases',
      'is no snapshot of a coordinator: cannot be used: no such table',
    ],
    [
      'no table of its position',
      'DROP TABLE position',
      'is no snapshot of a coordinator: cannot be used: no such table',
    ],
    [
      'a database of somebody else',
      'PRAGMA user_version = 1',
      'is no snapshot of a coordinator: cannot be used:',
    ],
    [
      'no position',
      'DELETE FROM position',
      'is no snapshot of a coordinator: says nothing of its revision',
    ],
  ])('%s', async (_what, sql, message) => {
    seal(file, sql)
    const refusal = {
      name: 'SnapshotFileError',
      message: expect.stringContaining(message) as string,
    }
    for (const reading of [() => readSnapshotStatus(file), () => restore('refused')]) {
      await expect(reading()).rejects.toMatchObject(refusal)
      await expect(reading()).rejects.toThrow(new RegExp(`^${file} `))
    }
    expect(existsSync(at('refused'))).toBe(false)
  })

  it('a directory', async () => {
    file = parent
    await expect(restore('refused')).rejects.toThrow(`${parent} is no file`)
    await expect(readSnapshotStatus(file)).rejects.toThrow(`${parent} is no file`)
  })

  it('members that are missing, which only a restore touches', async () => {
    seal(file, 'DROP TABLE members')
    await expect(restore('refused')).rejects.toMatchObject({
      name: 'SnapshotFileError',
      message: expect.stringMatching(`^${file} is no snapshot of a coordinator`) as string,
    })
  })
})

describe('a disk that fails while a snapshot is restored', () => {
  it('is told by the promise, as what it is, and nothing is left', async () => {
    mkdirSync(at('full'))
    const restoring = restore('full')
    const told = expect(restoring).rejects.toMatchObject({
      name: 'StorageError',
      message: expect.stringContaining('the state can no longer be made durable') as string,
    })
    // In the place of the file that the next checkpoint would write.
    const inTheWay = at('full/.restoring/state.sums.new')
    while (!existsSync(at('full/.restoring'))) await new Promise((resolve) => setImmediate(resolve))
    mkdirSync(inTheWay)
    await told
    expect(readdirSync(at('full'))).toEqual([])
  })
})
