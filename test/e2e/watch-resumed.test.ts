/**
 * Watches over the wire that are broken off and resumed right behind what they were told, at the same
 * member or another (catalogue 76; etcd #15271, #17529): what they are told, over all their streams, is
 * exactly what the writers were told that they have changed, or a cancellation that says from where the
 * history is there.
 */

import {
  checkRevisions,
  checkWatches,
  serveCommand,
  startProcessCluster,
  type Change,
  type KvRecord,
  type MemberProcess,
  type ProcessCluster,
  type WatchStream,
} from '@holdfast/testkit'
import { expect, it, onTestFinished, vi } from 'vitest'
import { connectTo } from './connect-to.js'
import { toChange } from './faults/member-history.js'
import type { WatchWish } from './watch-message.js'
import { metric } from './member-metric.js'
import { PREFIX, startWatchLoad, type WatchLoad } from './watch-load.js'
import { ResumingWatch } from './watch-resumer.js'
import { WireStream } from './watch-wire.js'

const CATCH_UP_ENTRIES = 50
const PATIENCE = { timeout: 60_000, interval: 20 }
const ROUNDS = 3

const all = { key: PREFIX, rangeEnd: 'k0' }
const wishes: readonly Omit<WatchWish, 'process'>[] = [
  { ...all, prevKv: true },
  { ...all, prevKv: false, filters: ['noDelete'] },
  { key: `${PREFIX}1/`, rangeEnd: `${PREFIX}10`, prevKv: false },
]

interface Running {
  readonly cluster: ProcessCluster
  readonly load: WatchLoad
  /** Opens a watch of each kind. They are among those that are judged at the end. */
  readonly watch: (
    name: string,
    places: readonly MemberProcess[],
    startRevision?: number,
  ) => readonly ResumingWatch[]
  /** Reads on in the history, which must be there, up to this revision. */
  readonly readHistory: (upTo: number) => Promise<void>
  /** Ends the load, waits until everybody has been told of its end, and compares. */
  readonly judge: (compactRevision?: number) => Promise<void>
}

async function start(): Promise<Running> {
  const flags = ['--snapshot-catchup-entries', String(CATCH_UP_ENTRIES)]
  const cluster = await startProcessCluster({ memberCommand: serveCommand(import.meta.url, flags) })
  onTestFinished(() => cluster.close())
  const load = startWatchLoad(cluster.members)
  const watches: ResumingWatch[] = []
  const changes: Change[] = []
  const holdfast = connectTo(cluster.members)
  const readHistory = async (upTo: number): Promise<void> => {
    const fromRevision = (changes.at(-1)?.revision ?? 0) + 1
    const history = holdfast.watch({ prefix: '' }, { fromRevision, previous: true })
    for await (const batch of history) {
      if (batch.events.length > 0) changes.push(toChange(batch))
      if (batch.revision >= upTo) return
    }
  }
  return {
    ...{ cluster, load, readHistory },
    watch: (name, places, startRevision) => {
      const opened = wishes.map((wish, index) => {
        const process = `${name}, ${index}`
        return new ResumingWatch({ process, ...wish }, places, startRevision)
      })
      watches.push(...opened)
      return opened
    },
    judge: async (compactRevision = 0) => {
      const last = await load.end()
      await vi.waitUntil(() => watches.every(({ next }) => next > last), PATIENCE)
      const records = await Promise.all(watches.map((watch) => watch.end(last)))
      await readHistory(last)
      const told = records.flatMap(({ streams }) => streams.flatMap(({ messages }) => messages))
      const events = told.flatMap((message) => (message.type === 'events' ? message.events : []))
      const streams = records.reduce((sum, record) => sum + record.streams.length, 0)
      console.log(`${last} revisions, ${watches.length} watches, ${streams} streams`)
      console.log(`${events.length} events in ${told.length} messages`)
      // None of them had nothing to tell: the end of the load is for everybody.
      const isEnd = ({ messages }: WatchStream): boolean =>
        messages.some((message) => message.type === 'events' && message.revision >= last)
      expect(records.filter((record) => !record.streams.some(isEnd))).toEqual([])
      expect(problems(checkRevisions(load.records, changes))).toEqual([])
      expect(problems(checkWatches(records, changes, { compactRevision }))).toEqual([])
    },
  }
}

function problems(violations: readonly { kind: string; message: string }[]): readonly string[] {
  return violations.map(({ kind, message }) => `${kind}: ${message}`.slice(0, 500))
}

/** This member first, and then the others in turn. */
function from(member: MemberProcess, { members }: ProcessCluster): readonly MemberProcess[] {
  const at = members.indexOf(member)
  return [...members.slice(at), ...members.slice(0, at)]
}

function others(member: MemberProcess, { members }: ProcessCluster): readonly MemberProcess[] {
  return members.filter((other) => other !== member)
}

it('across a change of the leader, which is killed with -9', async () => {
  const { cluster, load, watch, judge } = await start()
  const faithful = cluster.members.flatMap((member) => watch(`at ${member.name}`, [member]))
  const roaming = cluster.members.flatMap((member) =>
    watch(`from ${member.name} on`, from(member, cluster)),
  )
  await load.more(50)
  for (let round = 0; round < ROUNDS; round += 1) {
    const leader = await cluster.leader()
    const term = await metric(leader, 'holdfast_raft_term')
    await leader.kill()
    // Some lose their member, and the others leave theirs while there is no leader.
    for (const one of roaming) one.move()
    await load.more(50)
    expect(await metric(await cluster.leader(), 'holdfast_raft_term')).toBeGreaterThan(term)
    // Those that come back to it are ahead of what it has applied.
    leader.start()
    await load.more(50)
    await cluster.healthy(leader)
  }
  await judge()
  expect(Math.min(...roaming.map(({ streams }) => streams.length))).toBeGreaterThan(ROUNDS)
  const resumed = faithful.filter(({ streams }) => streams.length > 1)
  expect(resumed.length).toBeGreaterThanOrEqual(wishes.length)
})

it('across a restart of the member that is watched, killed with -9 or stopped', async () => {
  const { cluster, load, watch, judge } = await start()
  const leader = await cluster.leader()
  const [watched] = others(leader, cluster)
  const faithful = watch('at the member', [watched!])
  const roaming = watch('from the member on', from(watched!, cluster))
  await load.more(50)
  for (let round = 0; round < ROUNDS; round += 1) {
    await (round % 2 === 0 ? watched!.kill() : watched!.stop())
    await load.more(30)
    watched!.start()
    await load.more(30)
    await cluster.healthy(watched!)
    for (const one of roaming) one.move()
    // Where each was when it was last told something, in the next round.
    await vi.waitUntil(
      () => faithful.every(({ streams }) => streams.length === round + 2),
      PATIENCE,
    )
  }
  await judge()
  expect(roaming.every(({ streams }) => streams.length > ROUNDS)).toBe(true)
})

const FIRST_INDEX = 'holdfast_log_first_index'
const APPLIED = 'etcd_server_proposals_applied_total'
const INSTALLED = 'holdfast_snapshots_installed_total'
const REVISION = 'etcd_debugging_mvcc_current_revision'

/** The others have cut their logs behind what is the end of them now. */
async function cutLogs(others: readonly MemberProcess[]): Promise<void> {
  const ends = await Promise.all(others.map((member) => metric(member, APPLIED)))
  for (const member of others) {
    await vi.waitUntil(
      async () => (await metric(member, FIRST_INDEX)) > Math.max(...ends) + 1,
      PATIENCE,
    )
  }
}

it('across a snapshot that is installed below open watches', async () => {
  const { cluster, load, watch, judge } = await start()
  const away = others(await cluster.leader(), cluster)[0]!
  const rest = others(away, cluster)
  await load.more(50)
  const open = watch('open while it stands still', [away])
  const soon = (await metric(away, REVISION)) + 100
  const early = watch('of a revision to come', [away], soon)
  await vi.waitUntil(() => [...open, ...early].every(({ next }) => next > 0), PATIENCE)
  const before = await metric(away, INSTALLED)
  away.pause()
  await load.more(150)
  await cutLogs(rest)
  away.resume()
  await cluster.healthy(away)
  expect(before).toBe(0)
  expect(await metric(away, INSTALLED)).toBeGreaterThanOrEqual(1)
  await load.more(50)
  await judge()
  // Nobody was thrown out by it.
  expect([...open, ...early].map(({ streams }) => streams.length)).toEqual(
    [...open, ...early].map(() => 1),
  )
})

it('across a snapshot that brings back the member that is watched', async () => {
  const { cluster, load, watch, judge } = await start()
  const away = others(await cluster.leader(), cluster)[0]!
  const rest = others(away, cluster)
  const faithful = watch('at the member', [away])
  const roaming = watch('from the member on', from(away, cluster))
  await load.more(50)
  await away.kill()
  const lost = Math.max(...faithful.map(({ next }) => next))
  await load.more(150)
  // A log without the entry that made this revision can only be sent with a snapshot that has it.
  const covered = Math.max(...(await Promise.all(rest.map((member) => metric(member, REVISION)))))
  await cutLogs(rest)
  const within = Math.floor((lost + covered) / 2)
  const starts = { 'the first': 1, 'the next': lost, 'one within': within }

  // With nobody to send the snapshot, watches are opened before it is installed.
  for (const member of rest) member.pause()
  away.start()
  const opened = Object.entries({ ...starts, 'one to come': covered + 300 }).flatMap(
    ([name, revision]) => watch(`of ${name} revision, before it is installed`, [away], revision),
  )
  await vi.waitUntil(() => opened.every(({ streams }) => streams.length > 0), PATIENCE)
  expect(await metric(away, INSTALLED)).toBe(0)
  expect(await metric(away, REVISION)).toBeLessThan(within)
  for (const member of rest) member.resume()
  await cluster.healthy(away)
  expect(await metric(away, INSTALLED)).toBeGreaterThanOrEqual(1)
  const behind = (await metric(away, REVISION)) + 20
  for (const [name, revision] of Object.entries({ ...starts, 'one behind': behind })) {
    watch(`of ${name} revision, when it is installed`, [away], revision)
  }
  for (const one of roaming) one.move()
  await load.more(Math.max(50, covered + 350 - behind))
  await judge()
  for (const { streams } of [...faithful, ...roaming]) expect(streams.length).toBeGreaterThan(1)
})

/** The newest change of this kind that was acknowledged. */
function newest(records: readonly KvRecord[], type: KvRecord['input']['type']): number {
  const revisions = records.flatMap(({ input, outcome }) => {
    if (input.type !== type || outcome.type !== 'ok') return []
    const { revision, response } = outcome.output
    const isDone = response.type !== 'deleteRange' || response.deleted > 0
    return isDone ? [revision] : []
  })
  return Math.max(...revisions)
}

it.each(['put', 'deleteRange', 'txn'] as const)('across a compaction at a %s', async (type) => {
  const { cluster, load, watch, readHistory, judge } = await start()
  const { kv } = connectTo(cluster.members)
  const staying = cluster.members.flatMap((member) => watch(`stays at ${member.name}`, [member]))
  const leaving = cluster.members.flatMap((member) =>
    watch(`leaves ${member.name}`, from(member, cluster)),
  )
  await load.more(50)
  let comeBack = (): void => undefined
  const compacted = new Promise<void>((resolve) => (comeBack = resolve))
  for (const one of leaving) one.move(compacted)
  await load.more(50)
  const at = newest(load.records, type)
  await load.more(20)
  await readHistory(at)
  await kv.compact(at)
  // By a linearizable read each has applied it.
  for (const member of cluster.members) await cluster.healthy(member)
  comeBack()

  const below = cluster.members.flatMap(({ clientUrl }) =>
    [1, Math.floor(at / 2), at - 1].map(
      (start) => new WireStream(clientUrl, { process: 'below', ...wishes[0]! }, start),
    ),
  )
  for (const start of [at, at + 1, at + 10, at + 100]) {
    for (const member of cluster.members) watch(`of ${start} at ${member.name}`, [member], start)
  }
  await load.more(100)
  await judge(at)
  const created = { type: 'created', revision: expect.any(Number) as number }
  for (const stream of below) {
    expect(stream.messages).toEqual([created, { type: 'canceled', compactRevision: at }])
    stream.leave()
  }
  for (const { streams } of staying) expect(streams.length).toBe(1)
  // Told of a part, of the compaction, and of what is left.
  for (const { streams } of leaving) {
    expect(streams.length).toBe(3)
    expect(streams[1]!.messages.at(-1)).toEqual({ type: 'canceled', compactRevision: at })
    expect(streams[2]!.startRevision).toBe(at)
  }
})
