/** Snapshots as files, and the log that begins behind them (Raft §7; catalogue 28, 33, 39–41). */

import { copyFileSync, existsSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { encodeMembership, type Entry } from '@holdfast/raft'
import { SnapshotDamagedError, type Storage } from './open-storage.js'
import {
  MEMBERSHIP,
  beginBehind,
  flipped,
  memberWith,
  receive,
  snapshotOf,
  type Sent,
} from './snapshot.test-support.js'
import {
  append,
  contents,
  entriesOf,
  logAndApply,
  newDirectory,
  open,
  putAt,
} from './storage.test-support.js'
import { watchingFiles, type Watched } from './watched-files.test-support.js'

describe('a snapshot', () => {
  it('is the state at one index, whatever is applied while it is sent', async () => {
    const sender = await memberWith(300)
    const sent = await snapshotOf(sender)
    expect(sent.copy).toMatchObject({ index: 300, term: 1, bytes: sent.bytes.length })
    await logAndApply(sender, [putAt(301, 'later')])

    const receiver = await memberWith(5)
    await receive(receiver, sent).finish()
    await beginBehind(receiver, sent)
    await receiver.installSnapshot()
    expect(receiver.state.appliedIndex).toBe(300)
    expect(receiver.state.revision).toBe(301)
    await logAndApply(receiver, [putAt(301, 'later')])
    expect(receiver.state.hash()).toEqual(sender.state.hash())
  })

  it('shows every follower that asks meanwhile the same file, and then makes a new one', async () => {
    const storage = await memberWith(10)
    const [one, other] = await Promise.all([storage.outgoing.take(), storage.outgoing.take()])
    expect(one.sha256).toBe(other.sha256)
    expect(storage.outgoing.oldestIndex).toBe(10)
    one.release()
    one.release()
    expect(existsSync(other.path)).toBe(true)
    other.release()
    expect(existsSync(other.path)).toBe(false)
    expect(storage.outgoing.oldestIndex).toBe(Infinity)
    await logAndApply(storage, [putAt(11, 'a')])
    expect((await storage.outgoing.take()).index).toBe(11)
  })

  it('for which the disk has no room fails alone, and can be made later', async () => {
    const directory = newDirectory()
    const storage = await memberWith(10, directory)
    symlinkSync('/dev/full', join(directory, 'sending.db'))
    await expect(storage.outgoing.take()).rejects.toThrow('the state could not be copied')
    await logAndApply(storage, [putAt(11, 'later')])
    expect((await storage.outgoing.take()).index).toBe(11)
  })

  it('that is asked for while one is installed is made of that one', async () => {
    const sent = await snapshotOf(await memberWith(50))
    const directory = newDirectory()
    const receiver = await memberWith(5, directory)
    await receive(receiver, sent).finish()
    await beginBehind(receiver, sent)
    const installed = receiver.installSnapshot()
    // The thread that makes copies has ended, and the next has not begun.
    while (existsSync(join(directory, 'received.db'))) await turn()
    const taken = receiver.outgoing.take()
    await installed
    expect((await taken).index).toBe(50)
  })

  it('that is asked for when nobody makes copies any more is refused', async () => {
    const storage = await memberWith(5)
    await storage.close()
    for (let times = 1; times <= 2; times += 1) {
      await expect(storage.outgoing.take()).rejects.toThrow('nobody makes copies of the state')
    }
  })

  it('whose sending a crash has ended leaves nothing behind', async () => {
    const directory = newDirectory()
    const storage = await memberWith(10, directory)
    const { path } = await storage.outgoing.take()
    await storage.close()
    expect(existsSync(path)).toBe(true)
    await open(directory)
    expect(existsSync(path)).toBe(false)
  })

  it.each<[string, (sent: Sent) => Sent]>([
    ['a bit is another one', ({ copy, bytes }) => ({ copy, bytes: flipped(bytes, 5_000) })],
    ['its end is missing', ({ copy, bytes }) => ({ copy, bytes: bytes.subarray(0, -1) })],
    ['it stands for another entry', ({ copy, bytes }) => ({ copy: { ...copy, index: 7 }, bytes })],
  ])('is refused, and leaves nothing, when %s (catalogue 40)', async (_what, change) => {
    const sent = change(await snapshotOf(await memberWith(50)))
    const directory = newDirectory()
    const receiver = await open(directory)
    const incoming = receive(receiver, sent)
    await expect(incoming.finish()).rejects.toThrow(SnapshotDamagedError)
    expect(existsSync(join(directory, 'receiving.db'))).toBe(false)
    expect(existsSync(join(directory, 'received.db'))).toBe(false)
  })

  it('is refused as soon as it is longer than it was said to be', async () => {
    const sent = await snapshotOf(await memberWith(5))
    const incoming = receive(await open(newDirectory()), sent)
    expect(() => incoming.write(Buffer.of(0))).toThrow('more than')
  })

  it('keeps serving reads until the moment it takes the state’s place', async () => {
    const sent = await snapshotOf(await memberWith(100))
    const receiver = await memberWith(5)
    await receive(receiver, sent).finish()
    await beginBehind(receiver, sent)
    const installed = receiver.installSnapshot()
    expect(receiver.applyGate).toBeDefined()
    expect(receiver.state.revision).toBe(6)
    await installed
    expect(receiver.applyGate).toBeUndefined()
    expect(receiver.state.revision).toBe(101)
  })
})

it('a snapshot is received and installed without an fsync on this thread', async () => {
  const sent = await snapshotOf(await memberWith(50))
  const receiver = await memberWith(5)
  let fsyncs = 0
  const watch = ({ fsyncSync }: Watched): Partial<Watched> => ({
    fsyncSync: (descriptor) => {
      fsyncs += 1
      fsyncSync(descriptor)
    },
  })
  await watchingFiles(watch, async () => {
    await receive(receiver, sent).finish()
    await beginBehind(receiver, sent)
    await receiver.installSnapshot()
  })
  expect([fsyncs, receiver.state.appliedIndex]).toEqual([0, 50])
})

describe('a crash (catalogue 28)', () => {
  it('while receiving leaves the old state, and nothing of the snapshot', async () => {
    const sent = await snapshotOf(await memberWith(50))
    const directory = newDirectory()
    const receiver = await memberWith(5, directory)
    receiver.receiveSnapshot(sent.copy).write(sent.bytes.subarray(0, 9_000))
    await receiver.close()
    const again = await open(directory)
    expect(again.state.appliedIndex).toBe(5)
    expect(existsSync(join(directory, 'receiving.db'))).toBe(false)
  })

  it('before the log begins behind it leaves the old state, and nothing of the snapshot', async () => {
    const sent = await snapshotOf(await memberWith(50))
    const directory = newDirectory()
    const receiver = await memberWith(5, directory)
    await receive(receiver, sent).finish()
    await receiver.close()
    const again = await open(directory)
    expect([again.state.appliedIndex, again.log.lastIndex()]).toEqual([5, 5])
    expect(existsSync(join(directory, 'received.db'))).toBe(false)
  })

  it('before it is installed is made good at the next start, old WAL or not', async () => {
    const sender = await memberWith(50)
    const sent = await snapshotOf(sender)
    const directory = newDirectory()
    const receiver = await memberWith(5, directory)
    await receive(receiver, sent).finish()
    await beginBehind(receiver, sent)
    // As a crash leaves it: with the old state's WAL beside it.
    const wal = join(directory, 'state.db-wal')
    copyFileSync(wal, `${wal}.kept`)
    await receiver.close()
    copyFileSync(`${wal}.kept`, wal)

    const again = await open(directory)
    expect(again.state.hash()).toEqual(sender.state.hash())
    expect([again.log.firstIndex(), again.log.lastIndex()]).toEqual([51, 50])
    expect(again.log.initialState().memberships).toMatchObject([{ index: 50 }])
  })

  it('before it is installed is made good also where the old state had hardly begun', async () => {
    const sender = await memberWith(50)
    const sent = await snapshotOf(sender)
    const directory = newDirectory()
    const receiver = await open(directory)
    await receive(receiver, sent).finish()
    await beginBehind(receiver, sent)
    await receiver.close()
    // As a power loss leaves it: what was only in the WAL is gone.
    rmSync(join(directory, 'state.db'))
    const client = new Database(join(directory, 'state.db'))
    client.pragma('journal_mode = WAL')
    client.close()
    expect((await open(directory)).state.hash()).toEqual(sender.state.hash())
  })

  it('that lost the snapshot behind which the log begins keeps the member from starting', async () => {
    const sent = await snapshotOf(await memberWith(50))
    const directory = newDirectory()
    const receiver = await memberWith(5, directory)
    await beginBehind(receiver, sent)
    await receiver.close()
    await expect(open(directory)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('ends at entry 5, but the log begins behind 50') as string,
    })
  })
})

describe('a log that was cut', () => {
  /** A log may only be cut where the state has got. */
  function applyThrough(storage: Storage, terms: readonly number[]): void {
    storage.state.apply(terms.map((term, at) => ({ index: at + 1, term, proposal: undefined })))
  }

  const membershipEntry = (index: number): Entry => ({
    index,
    term: 2,
    kind: 'membership',
    data: encodeMembership(MEMBERSHIP),
  })

  it('is read from where it begins, and still knows the term before (Raft §7)', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    await append(storage, [...entriesOf(1, 10, 1), ...entriesOf(11, 20, 2)])
    applyThrough(storage, [...Array<number>(10).fill(1), 2, 2])
    storage.log.cut(12)
    expect([storage.log.firstIndex(), storage.log.lastIndex()]).toEqual([13, 20])
    expect([storage.log.term(12), storage.log.term(13)]).toEqual([2, 2])
    expect(() => storage.log.term(11)).toThrow()
    expect(() => storage.log.entries(12, 13, 1_000)).toThrow()
    await append(storage, entriesOf(21, 21, 3))
    await storage.close()

    const again = await open(directory)
    expect([again.log.firstIndex(), again.log.lastIndex()]).toEqual([13, 21])
    expect(again.log.term(12)).toBe(2)
    expect(contents(again, 13)).toHaveLength(9)
  })

  it('keeps the membership in force at its beginning (catalogue 41)', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    await append(storage, [...entriesOf(1, 4, 1), membershipEntry(5), ...entriesOf(6, 9, 2)])
    applyThrough(storage, [1, 1, 1, 1, 2, 2, 2])
    storage.log.cut(7)
    await append(storage, entriesOf(10, 10, 2))
    await storage.close()
    const again = await open(directory)
    expect(again.log.initialState().memberships).toEqual([
      { index: 7, membership: { ...MEMBERSHIP, context: expect.anything() as Uint8Array } },
    ])
    const { membership } = again.log.initialState().memberships[0]!
    expect(Buffer.from(membership.context!).toString()).toBe('addresses')
  })

  it('gives memberships of its entries after that of its beginning', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    await append(storage, [...entriesOf(1, 4, 1), membershipEntry(5), ...entriesOf(6, 9, 2)])
    await storage.close()
    const { memberships } = (await open(directory)).log.initialState()
    expect(memberships.map(({ index }) => index)).toEqual([0, 5])
  })

  it('is not cut to nothing, nor twice at the same place', async () => {
    const storage = await open(newDirectory())
    await append(storage, entriesOf(1, 5, 1))
    storage.log.cut(5)
    expect(storage.log.firstIndex()).toBe(1)
    storage.log.cut(3)
    storage.log.cut(2)
    expect(storage.log.firstIndex()).toBe(4)
  })

  it('is found damaged when its first entry is not the one behind its beginning', async () => {
    const directory = newDirectory()
    const storage = await open(directory)
    await append(storage, entriesOf(1, 9, 1))
    storage.log.cut(3)
    await storage.close()
    const client = new Database(join(directory, 'raft.db'))
    client.exec('DELETE FROM log WHERE log_index = 4')
    client.close()
    await expect(open(directory)).rejects.toMatchObject({ code: 'damaged' })
  })
})
