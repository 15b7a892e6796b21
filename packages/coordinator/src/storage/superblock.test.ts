/**
 * A log that has lost its newest part is refused beside its superblock, and one that gave up entries
 * as it may is not (catalogue 34; thesis §3.8).
 */

import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogWrite, Storage } from './open-storage.js'
import { append, entriesOf, entry, newDirectory, open } from './storage.test-support.js'
import { Superblock, readClaim } from './superblock.js'
import { watchingFiles, type Watched } from './watched-files.test-support.js'

const MEMBERSHIP = { voters: ['1', '2'], learners: ['3'] }

function write(storage: Storage, more: Partial<LogWrite>): Promise<void> {
  return new Promise((resolve) =>
    storage.log.append({ hardState: undefined, entries: [], ...more }, resolve),
  )
}

/** What `kill -9` would leave now. */
function copyOf(directory: string): string {
  const copy = newDirectory()
  cpSync(directory, copy, { recursive: true })
  return copy
}

/** The newest frame of the WAL of the log has a bit that is another one, as SQLite does not say. */
function damageNewestFrame(directory: string): void {
  const path = join(directory, 'raft.db-wal')
  const bytes = readFileSync(path)
  bytes[bytes.length - 2_000]! ^= 1
  writeFileSync(path, bytes)
}

async function whyRefused(directory: string): Promise<string> {
  const error: unknown = await open(directory).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'StorageError', code: 'damaged' })
  return (error as Error).message
}

describe('a damaged WAL frame', () => {
  it('that held entries keeps the member from starting, and says the way back', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    await append(storage, entriesOf(1, 5, 1))
    await append(storage, entriesOf(6, 7, 1))
    const crashed = copyOf(directory)
    damageNewestFrame(crashed)
    const reason = await whyRefused(crashed)
    expect(reason).toContain('its log held entry 7, but ends at 5')
    const commands = ['member remove 1`', 'member add --learner', `empty ${crashed}`]
    for (const said of [...commands, '--initial-cluster-state existing', 'member promote']) {
      expect(reason).toContain(said)
    }
  })

  it('that held a term or a vote does so too, however little else was written', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    await write(storage, { hardState: { term: 4, votedFor: undefined } })
    const before = copyOf(directory)
    await write(storage, { hardState: { term: 4, votedFor: '2' } })
    for (const file of ['raft.db', 'raft.db-wal']) {
      const rolledBack = copyOf(directory)
      for (const one of ['raft.db', 'raft.db-wal', 'raft.db-shm']) {
        copyFileSync(join(before, one), join(rolledBack, one))
      }
      expect(await whyRefused(rolledBack), file).toContain('its vote of term 4')
    }
    await write(storage, { hardState: { term: 5, votedFor: undefined } })
    const later = copyOf(directory)
    damageNewestFrame(later)
    expect(await whyRefused(later)).toContain('it was in term 5')
  })
})

it('a log of another chain is refused, though it is as long', async () => {
  const [directory, other] = [newDirectory(), newDirectory()]
  for (const [one, data] of [
    [directory, 'a'],
    [other, 'b'],
  ] as const) {
    const storage = await open(one)
    await append(storage, [entry(1, 1, data), entry(2, 1, data)])
    await storage.close()
  }
  copyFileSync(join(other, 'raft.db'), join(directory, 'raft.db'))
  expect(await whyRefused(directory)).toContain('entry 2 of its log is another one')
})

type Step =
  | { readonly type: 'append' | 'overwrite' | 'cut'; readonly size: number }
  | { readonly type: 'snapshot' | 'vote' | 'reopen' }

const steps = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constantFrom('append' as const, 'overwrite' as const, 'cut' as const),
      size: fc.integer({ min: 1, max: 5 }),
    }),
    fc.record({ type: fc.constantFrom('snapshot' as const, 'vote' as const, 'reopen' as const) }),
  ),
  { minLength: 1, maxLength: 12 },
)

it('whatever a member may do with its log is no loss, at any moment', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (run) => {
      const directory = newDirectory()
      let storage = await open(directory)
      let term = 1
      const step = async (one: Step): Promise<void> => {
        const { log } = storage
        const last = log.lastIndex()
        if (one.type === 'append') await append(storage, entriesOf(last + 1, last + one.size, term))
        if (one.type === 'overwrite') {
          const first = Math.max(log.firstIndex(), last - one.size)
          await append(storage, [entry(first, ++term)])
        }
        if (one.type === 'snapshot') {
          const snapshot = { index: last + 3, term, membership: MEMBERSHIP }
          await write(storage, { snapshot })
        }
        if (one.type === 'vote')
          await write(storage, { hardState: { term: ++term, votedFor: '2' } })
        if (one.type === 'cut') log.cut(last - one.size)
        if (one.type === 'reopen') {
          await storage.close()
          storage = await open(directory)
        }
      }
      for (const one of run) {
        if (one.type !== 'reopen' || storage.log.firstIndex() === 1) await step(one)
        const claim = readClaim(join(directory, 'superblock'))!
        expect(claim.lastIndex).toBeLessThanOrEqual(storage.log.lastIndex())
      }
      if (storage.log.firstIndex() === 1) await open(copyOf(directory))
      await storage.close()
    }),
    { numRuns: 25 },
  )
}, 60_000)

describe('a superblock', () => {
  const identity = { clusterId: '10', memberId: '1' }
  const claimOf = (lastIndex: number, votedFor: string | null = null) => {
    return { term: 1, votedFor, lastIndex, lastChecksum: lastIndex }
  }
  function newSuperblock(): { path: string; superblock: Superblock } {
    const directory = newDirectory()
    writeFileSync(directory, '')
    return { path: directory, superblock: new Superblock(directory, identity) }
  }

  it('is what was claimed last, after a restart too', () => {
    const { path, superblock } = newSuperblock()
    expect(readClaim(path)).toBeUndefined()
    superblock.claim(claimOf(3, '2'))
    superblock.claim(claimOf(4, '2'))
    expect(readClaim(path)).toEqual({ ...identity, ...claimOf(4, '2') })
    superblock.close()
    const again = new Superblock(path, identity)
    again.lower(2, 22)
    expect(readClaim(path)).toMatchObject({ lastIndex: 2, lastChecksum: 22, votedFor: '2' })
    again.close()
  })

  it('of which one slot was torn is what was synced before', () => {
    const { path, superblock } = newSuperblock()
    superblock.claim(claimOf(3, '2'))
    for (let index = 4; index < 20; index += 1) {
      superblock.claim(claimOf(index, '2'))
      const bytes = readFileSync(path)
      const torn = newDirectory()
      for (const at of [0, 4096]) {
        const damaged = Buffer.from(bytes)
        damaged.fill(0xff, at + 100, at + 200)
        writeFileSync(torn, damaged)
        expect([3, index]).toContain(readClaim(torn)?.lastIndex)
      }
    }
    superblock.close()
  })

  it('after a kill, too, is never written over where it was synced last', async () => {
    const { path, superblock } = newSuperblock()
    superblock.claim(claimOf(3, '2'))
    let durable = readFileSync(path)
    superblock.claim(claimOf(4, '2'))
    superblock.close()
    const images: Buffer[] = []
    const watch = ({ fsyncSync, writeSync }: Watched): Partial<Watched> => ({
      fsyncSync: (descriptor) => {
        fsyncSync(descriptor)
        durable = readFileSync(path)
      },
      // The power is lost in the middle of it.
      writeSync: (...call) => {
        const at = call[4]!
        images.push(Buffer.from(durable).fill(0xff, at + 100, at + 200))
        return writeSync(...call)
      },
    })
    await watchingFiles(watch, () => {
      const again = new Superblock(path, identity)
      again.claim(claimOf(5, '2'))
      again.sync()
      again.close()
    })
    const image = newDirectory()
    const found = images.map((bytes) => {
      writeFileSync(image, bytes)
      return readClaim(image)?.lastIndex
    })
    expect(found).toEqual([4, 4])
  })
})
