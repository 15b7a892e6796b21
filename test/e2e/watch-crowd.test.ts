/**
 * Thousands of watches of one prefix beside one reader that takes nothing from its socket (catalogue 79;
 * etcd #17529, #17535): all others are told everything, in order, while it is stalled; it is told
 * everything when it reads again; and what it has not read takes no room in the member meanwhile.
 *
 *   HOLDFAST_WATCHERS=10000 HOLDFAST_WATCH_EVENTS=1000 npx vitest run test/e2e/watch-crowd.test.ts
 */

import { serveCommand, startProcessCluster, type MemberProcess } from '@holdfast/testkit'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ClientProcess } from './client-process.js'
import { connectTo } from './connect-to.js'
import { metric } from './member-metric.js'
import {
  CrowdEvents,
  CrowdStream,
  type CrowdEvent,
  type CrowdReport,
} from './watch-crowd-stream.js'
import { collectedMib, collecting, MemberMemory, residentMib } from './watch-member-memory.js'

const WATCHERS = Number(process.env['HOLDFAST_WATCHERS'] ?? '1000')
const EVENTS = Number(process.env['HOLDFAST_WATCH_EVENTS'] ?? '100')
const WRITERS = Number(process.env['HOLDFAST_WATCH_WRITERS'] ?? '4')
const STREAMS = 50
/** So many that what they are told is far more than a socket and its stream hold. */
const STALLED_WATCHES = 500
const PREFIX = 'crowd/'
const LONG_MS = 20 * 60_000
const PATIENCE = { timeout: LONG_MS, interval: 50 }
/** Above what is resident when all watches have been created: a heap that is collected when it is full. */
const MAX_GROWTH_MIB = 300
/** From one half of the events to the other. */
const MAX_DRIFT_MIB = 100
/** Of garbage collected, when nobody watches any more. */
const MAX_LEFT_MIB = 20
const WATCHES = 'etcd_debugging_mvcc_watcher_total'
const BEHIND = 'etcd_debugging_mvcc_slow_watcher_total'

interface Crowd {
  readonly readers: readonly ClientProcess[]
  readonly stalled: CrowdStream
  readonly stalledEvents: CrowdEvents
}

/** The watches are spread over the members; the stalled reader is at the first. */
async function gather(members: readonly MemberProcess[]): Promise<Crowd> {
  const share = Math.ceil(WATCHERS / members.length)
  const streams = Math.ceil(STREAMS / members.length)
  const readers = members.map(({ clientUrl }) => {
    const counts = [share, streams, EVENTS].map(String)
    return new ClientProcess('watch-crowd-reader.js', [clientUrl, PREFIX, ...counts])
  })
  onTestFinished(() => readers.forEach((reader) => reader.kill()))
  const [first] = members
  const wish = { url: first!.clientUrl, prefix: PREFIX, watches: STALLED_WATCHES, events: EVENTS }
  const stalledEvents = new CrowdEvents()
  const stalled = new CrowdStream(wish, stalledEvents)
  onTestFinished(() => stalled.leave())
  for (const reader of readers) {
    expect(await vi.waitUntil(() => reader.lines[0], PATIENCE)).toBe('ready')
  }
  for (const member of members) {
    const watches = share + (member === first ? STALLED_WATCHES : 0)
    await vi.waitUntil(async () => (await metric(member, WATCHES)) === watches, PATIENCE)
  }
  return { readers, stalled, stalledEvents }
}

/** @throws what the reader has against what it was told */
async function reportOf(reader: ClientProcess): Promise<CrowdReport> {
  const line = await vi.waitUntil(() => reader.lines[1], PATIENCE)
  const report = JSON.parse(line) as CrowdReport | { readonly problem: string }
  if ('problem' in report) throw new Error(report.problem)
  return report
}

/** @returns what was acknowledged, in the order of the revisions */
async function putAll(
  members: readonly MemberProcess[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly CrowdEvent[]> {
  const { kv } = connectTo(members, { requestTimeoutMs: 60_000 })
  const acknowledged: CrowdEvent[] = []
  let next = from
  const write = async (): Promise<void> => {
    for (let at = next++; at < to; at = next++) {
      const [key, value] = [`${PREFIX}${at % 100}`, `value ${at}`]
      const { revision } = await kv.put(key, value)
      acknowledged.push({ revision, key, value })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
  return acknowledged.sort((a, b) => a.revision - b.revision)
}

/** What was there for the streams goes when their sockets have gone, which may take a moment. */
function heapBelow(member: MemberProcess, beforeMib: number): Promise<number> {
  return vi.waitFor(
    async () => {
      const mib = await collectedMib(member)
      expect(mib - beforeMib).toBeLessThan(MAX_LEFT_MIB)
      return mib
    },
    { timeout: 20_000, interval: 500 },
  )
}

it.each([1, 3])(
  `${WATCHERS} watches at %i members are told ${EVENTS} events each while one reader is stalled`,
  async (size) => {
    const memberCommand = collecting(serveCommand(import.meta.url))
    const cluster = await startProcessCluster({ memberCommand, size })
    onTestFinished(() => cluster.close())
    const { members } = cluster
    const resident = (): readonly number[] => members.map(({ pid }) => residentMib(pid!))
    const heapBefore = await Promise.all(members.map(collectedMib))
    const before = resident()
    const { readers, stalled, stalledEvents } = await gather(members)
    const memories = members.map(({ pid }) => new MemberMemory(pid!))
    onTestFinished(() => memories.forEach((memory) => memory.stop()))
    const atMost = (): readonly number[] => memories.map((memory) => memory.takeMaxMib())
    const watching = resident()

    const begun = performance.now()
    const firstHalf = await putAll(members, { from: 0, to: EVENTS / 2 })
    const inFirstHalf = atMost()
    const secondHalf = await putAll(members, { from: EVENTS / 2, to: EVENTS })
    const reports = await Promise.all(readers.map(reportOf))
    const seconds = (performance.now() - begun) / 1_000
    const inSecondHalf = atMost()
    const acknowledged = [...firstHalf, ...secondHalf]
    expect(acknowledged.length).toBe(EVENTS)
    for (const { told } of reports) expect(told).toEqual(acknowledged)
    // Nobody has waited for it, and nobody else is behind.
    const behind = await Promise.all(members.map((member) => metric(member, BEHIND)))
    expect(behind).toEqual(members.map((_, at) => (at === 0 ? STALLED_WATCHES : 0)))

    stalled.read()
    await stalled.done
    expect(stalledEvents.all).toEqual(acknowledged)
    const whenRead = atMost()
    stalled.leave()
    const exits = await Promise.all(readers.map((reader) => reader.end()))
    expect(exits.map(({ code, errors }) => ({ code, errors }))).toEqual(
      readers.map(() => ({ code: 0, errors: [] })),
    )
    for (const member of members) {
      await vi.waitUntil(async () => (await metric(member, WATCHES)) === 0, PATIENCE)
    }
    const heapAfter = await Promise.all(
      members.map((member, at) => heapBelow(member, heapBefore[at]!)),
    )

    const events = Math.ceil(WATCHERS / size) * size * EVENTS
    const messages = reports.reduce((sum, report) => sum + report.messages, 0)
    const rate = Math.round(events / seconds)
    console.log(`${events} events, ${messages} messages, ${seconds.toFixed(1)} s: ${rate} events/s`)
    const figures = { before, watching, inFirstHalf, inSecondHalf, whenRead, after: resident() }
    console.log(`MiB resident: ${JSON.stringify(figures)}`)
    console.log(`MiB on the heap: ${JSON.stringify({ before: heapBefore, after: heapAfter })}`)
    for (const at of members.keys()) {
      const most = Math.max(inFirstHalf[at]!, inSecondHalf[at]!, whenRead[at]!)
      expect(most - watching[at]!).toBeLessThan(MAX_GROWTH_MIB)
      expect(inSecondHalf[at]! - inFirstHalf[at]!).toBeLessThan(MAX_DRIFT_MIB)
    }
  },
  LONG_MS,
)
