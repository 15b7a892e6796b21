import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { HardState, MembershipAt } from '@holdfast/raft'
import Database from 'better-sqlite3'
import { describe, expect, it, vi } from 'vitest'
import { WorkerLog } from './durable-log.js'
import { StorageError, type Storage } from './open-storage.js'
import { append, contents, entriesOf, entry, newDirectory, open } from './storage.test-support.js'

function transactions({ log }: Storage): number {
  expect(log).toBeInstanceOf(WorkerLog)
  return (log as unknown as WorkerLog).transactions
}

describe('the log', () => {
  it('is empty at first, with the membership it was created with', async () => {
    const { log } = await open(newDirectory())
    expect(log.initialState()).toMatchObject({
      hardState: { term: 0, votedFor: undefined },
      memberships: [{ index: 0, membership: { voters: ['1', '2'], learners: ['3'] } }],
    })
    expect([log.firstIndex(), log.lastIndex(), log.term(0)]).toEqual([1, 0, 0])
    expect(log.entries(1, 1, 100)).toEqual([])
  })

  it('can be read at once, before it is durable', async () => {
    const storage = await open(newDirectory())
    const durable = vi.fn()
    storage.log.append({ hardState: undefined, entries: entriesOf(1, 3, 2) }, durable)
    expect(contents(storage)).toEqual(['1/2', '2/2', '3/2'])
    expect(storage.log.term(3)).toBe(2)
    expect(durable).not.toHaveBeenCalled()
    await append(storage, [])
    expect(durable).toHaveBeenCalledOnce()
  })

  it('is the same after a restart, with term and vote (Raft, Figure 2)', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    const noop = { index: 1, term: 1, kind: 'noop', data: Buffer.alloc(0) } as const
    await append(first, [noop, ...entriesOf(2, 5, 3)])
    const vote = { term: 4, votedFor: '18446744073709551615' }
    await new Promise<void>((resolve) =>
      first.log.append({ hardState: vote, entries: [] }, resolve),
    )
    await first.close()

    const second = await open(directory)
    expect(second.log.initialState().hardState).toEqual(vote)
    expect(second.log.entries(1, 6, 1_000_000)).toEqual([noop, ...entriesOf(2, 5, 3)])
    expect([second.log.lastIndex(), second.log.term(1), second.log.term(5)]).toEqual([5, 1, 3])
    await append(second, [entry(6, 4)])
    expect(contents(second, 5)).toEqual(['5/3', '6/4'])
  })

  it('keeps the membership that it was created with, whatever a later start says', async () => {
    const directory = newDirectory()
    await (await open(directory)).close()
    const { log } = await open(directory, { membership: { voters: ['9'], learners: [] } })
    const [{ index, membership }] = log.initialState().memberships as [MembershipAt]
    expect([index, membership.voters]).toEqual([0, ['1', '2']])
  })

  it('forgets the vote only together with its term', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    const save = (hardState: HardState): void =>
      storage.log.append({ hardState, entries: [] }, () => undefined)
    save({ term: 4, votedFor: '2' })
    save({ term: 5, votedFor: undefined })
    await storage.close()
    const { hardState } = (await open(directory)).log.initialState()
    expect(hardState).toEqual({ term: 5, votedFor: undefined })
  })

  it('replaces everything from the first new entry on, durably (Raft §5.3)', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    await append(first, entriesOf(1, 6, 1))
    await append(first, [entry(3, 2), entry(4, 2)])
    const expected = ['1/1', '2/1', '3/2', '4/2']
    expect(contents(first)).toEqual(expected)
    await first.close()
    const second = await open(directory)
    expect(contents(second)).toEqual(expected)
    // Also what is durable and not in memory.
    await append(second, [entry(2, 3)])
    expect(contents(second)).toEqual(['1/1', '2/3'])
    await second.close()
    expect(contents(await open(directory))).toEqual(['1/1', '2/3'])
  })

  it('completes overwritten writes in order, and never shows their entries (ABA)', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    const order: number[] = []
    const terms = [1, 2, 3, 1, 4]
    const writes = terms.map(
      (term, at) =>
        new Promise<void>((resolve) => {
          const write = { hardState: undefined, entries: entriesOf(1, 5 - at, term) }
          storage.log.append(write, () => {
            order.push(at)
            resolve()
          })
          expect(contents(storage)).toEqual(
            entriesOf(1, 5 - at, term).map(({ data }) => Buffer.from(data).toString()),
          )
        }),
    )
    await Promise.all(writes)
    expect(order).toEqual([0, 1, 2, 3, 4])
    await storage.close()
    expect(contents(await open(directory))).toEqual(['1/4'])
  })

  it('shares one transaction, thus one fsync, among all writes that wait', async () => {
    const storage = await open(newDirectory())
    await append(storage, [entry(1, 1)])
    const before = transactions(storage)
    const count = 500
    const writes = entriesOf(2, count + 1, 1).map((next) => append(storage, [next]))
    await Promise.all(writes)
    expect(transactions(storage) - before).toBeGreaterThanOrEqual(1)
    expect(transactions(storage) - before).toBeLessThan(count / 10)
  })

  it('fsyncs writes that do not wait together each by itself', async () => {
    const storage = await open(newDirectory())
    const before = transactions(storage)
    for (let index = 1; index <= 5; index++) await append(storage, [entry(index, 1)])
    expect(transactions(storage) - before).toBe(5)
  })

  it('gives no more entries than fit, but at least one, from memory and from disk', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    const big = [1, 2, 3, 4].map((index) => entry(index, 1, 'x'.repeat(1000)))
    await append(first, big)
    const lengths = ({ log }: Storage): number[] =>
      [1, 1500, 2500, 5000].map((maxBytes) => log.entries(1, 5, maxBytes).length)
    expect(lengths(first)).toEqual([1, 1, 2, 4])
    await first.close()
    expect(lengths(await open(directory))).toEqual([1, 1, 2, 4])
  })

  it('lets go of old entries in memory, and reads them from disk', async () => {
    const storage = await open(newDirectory())
    const data = 'x'.repeat(1024 * 1024)
    for (const first of [1, 21]) {
      const indexes = Array.from({ length: 20 }, (_, at) => first + at)
      await append(
        storage,
        indexes.map((index) => entry(index, 1, data)),
      )
    }
    const { log } = storage
    expect(log.entries(1, 41, Number.MAX_SAFE_INTEGER).length).toBeLessThan(40)
    expect(log.term(1)).toBe(1)
    const [oldest] = log.entries(1, 2, 1)
    expect([oldest!.index, Buffer.compare(oldest!.data, Buffer.from(data))]).toEqual([1, 0])
    // What is on disk only can still be replaced.
    await append(storage, [entry(2, 2)])
    expect(log.lastIndex()).toBe(2)
    expect(log.entries(1, 3, 3_000_000).map(({ term }) => term)).toEqual([1])
    expect(log.entries(2, 3, 3_000_000).map(({ term }) => term)).toEqual([2])
  })

  it('refuses a gap', async () => {
    const { log } = await open(newDirectory())
    const write = (index: number) => () =>
      log.append({ hardState: undefined, entries: [entry(index, 1)] }, () => undefined)
    expect(write(2)).toThrow('gap')
    expect(write(0)).toThrow('gap')
  })

  it('keeps its WAL bounded', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    const data = 'x'.repeat(256 * 1024)
    for (let first = 1; first <= 160; first += 16) {
      const indexes = Array.from({ length: 16 }, (_, at) => first + at)
      await append(
        storage,
        indexes.map((index) => entry(index, 1, data)),
      )
    }
    expect(statSync(join(directory, 'raft.db-wal')).size).toBeLessThan(20 * 1024 * 1024)
  })
})

describe('a log that cannot be written', () => {
  /** Takes the write lock, which the worker does not wait for: its next write fails. */
  function breakWrites(directory: string): Database.Database {
    const intruder = new Database(join(directory, 'raft.db'))
    intruder.exec('BEGIN IMMEDIATE')
    return intruder
  }

  it('says so once, acknowledges nothing, and takes no more writes (catalogue 32)', async () => {
    const directory = newDirectory()
    const failures: Error[] = []
    let reportFailure: () => void
    const failed = new Promise<void>((resolve) => (reportFailure = resolve))
    const storage = await open(directory, {
      onFatal: (error) => {
        failures.push(error)
        reportFailure()
      },
    })
    await append(storage, [entry(1, 1)])
    const intruder = breakWrites(directory)
    const durable = vi.fn()
    for (const next of entriesOf(2, 4, 1)) {
      storage.log.append({ hardState: undefined, entries: [next] }, durable)
    }
    await failed
    intruder.close()
    const write = { hardState: undefined, entries: [entry(5, 1)] }
    expect(() => storage.log.append(write, durable)).toThrow(StorageError)
    await storage.close()
    expect(durable).not.toHaveBeenCalled()
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ code: 'writeFailed' })
    expect(failures[0]!.message).toContain('database is locked')
    expect(contents(await open(directory))).toEqual(['1/1'])
  })
})
