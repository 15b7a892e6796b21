/**
 * What a commit costs the disk and the event loop, while as many puts are in flight as the rounds had
 * at most. Two claims are looked at: a batch is one fsync, so many entries share each; and the event
 * loop never waits for one. Members tell their counters and the delay of their loop by /metrics, etcd
 * under the same names; strace, where it is installed, tells which thread calls fsync.
 */

import type { Contestant } from './contestants/contestant.js'
import { DriverClient } from './driver-client.js'
import type { CellFigures, CellRequest } from './driver-protocol.js'
import { missingForTrace, traceFsyncs, type FsyncCount } from './fsync-trace.js'
import { nodeDriver } from './lineup.js'
import { messageOf } from './measure.js'
import { scrape, type Scrape } from './metrics.js'
import type { BenchOptions } from './options.js'
import { value } from './workloads.js'

export interface MemberEvidence {
  readonly leads: boolean
  readonly entriesPerSecond: number | undefined
  /** Undefined if the member does not count them. */
  readonly fsyncsPerSecond: number | undefined
  /** Of a member in JavaScript, in milliseconds. */
  readonly loopDelayMs: Readonly<Record<'p50' | 'p99' | 'max', number>> | undefined
  /** From a second look, under strace; why not, if there was none. */
  readonly traced: TracedMember | string | undefined
}

export interface TracedMember extends FsyncCount {
  /** Committed while strace looked. */
  readonly entries: number | undefined
}

export interface Evidence {
  readonly contestant: string
  readonly inFlight: number
  readonly opsPerSecond: number
  readonly members: readonly MemberEvidence[]
}

const ENTRIES = 'etcd_server_proposals_committed_total'
const LEADS = 'etcd_server_is_leader'
const FSYNCS = ['holdfast_log_fsyncs_total', 'etcd_disk_wal_fsync_duration_seconds_count']
const LOOP_DELAY = {
  p50: 'nodejs_eventloop_lag_p50_seconds',
  p99: 'nodejs_eventloop_lag_p99_seconds',
  max: 'nodejs_eventloop_lag_max_seconds',
}

/** For each contestant that has metrics; in place of one that cannot be looked at, why not. */
export async function gatherEvidence(
  contestants: readonly Contestant[],
  options: BenchOptions,
  signal: AbortSignal,
): Promise<readonly (Evidence | string)[]> {
  const found: (Evidence | string)[] = []
  for (const contestant of contestants.filter(({ hasMetrics }) => hasMetrics)) {
    signal.throwIfAborted()
    try {
      found.push(await lookAt(contestant, options))
    } catch (error) {
      found.push(`${contestant.name}: ${messageOf(error)}`)
    }
  }
  return found
}

async function lookAt(contestant: Contestant, options: BenchOptions): Promise<Evidence> {
  const servers = await contestant.start()
  let driver: DriverClient | undefined
  try {
    driver = await DriverClient.start(nodeDriver('wire', servers.endpoints))
    const { seconds, warmUpSeconds } = options
    const inFlight = Math.max(...options.concurrency)
    const request = { workload: 'put', inFlight, seconds, warmUpSeconds, value } as const
    const measured = { driver, endpoints: servers.endpoints, request }
    const { figures, before, after } = await scrapedCell(measured)
    const inJavaScript = after.every(({ metrics }) => metrics.has(LOOP_DELAY.p99))
    const traced = inJavaScript ? await tracedCell(measured, servers.pids) : []
    const members = after.map((last, index) => evidenceOf(before[index]!, last, traced[index]))
    const opsPerSecond = figures.ops / figures.elapsedSeconds
    return { contestant: contestant.name, inFlight, opsPerSecond, members }
  } finally {
    await driver?.close()
    await servers.close()
  }
}

interface CellToMeasure {
  readonly driver: DriverClient
  readonly endpoints: readonly string[]
  readonly request: CellRequest
}

interface ScrapedCell {
  readonly figures: CellFigures
  readonly before: readonly Scrape[]
  readonly after: readonly Scrape[]
}

/** Asks every member at both ends of the window; each answer knows its own time. */
async function scrapedCell({ driver, endpoints, request }: CellToMeasure): Promise<ScrapedCell> {
  let [before, after] = [scrapeAll(endpoints), scrapeAll(endpoints)]
  const figures = await driver.measure(request, {
    warm: () => void (before = scrapeAll(endpoints)),
    ended: () => void (after = scrapeAll(endpoints)),
  })
  return { figures, before: await before, after: await after }
}

function scrapeAll(endpoints: readonly string[]): Promise<readonly Scrape[]> {
  return Promise.all(endpoints.map((endpoint) => scrape(`${endpoint}/metrics`)))
}

/** The same work once more, under strace: what it measures of speed is worth nothing. */
async function tracedCell(
  { driver, endpoints, request }: CellToMeasure,
  pids: readonly number[],
): Promise<readonly (TracedMember | string)[]> {
  const missing = missingForTrace()
  if (missing !== undefined) return pids.map(() => missing)
  const before = await scrapeAll(endpoints)
  const traces = await Promise.all(pids.map((pid) => traceFsyncs(pid).catch(messageOf)))
  await driver.measure(request)
  const counts = await Promise.all(
    traces.map(async (trace) => (typeof trace === 'string' ? trace : trace.stop())),
  )
  const after = await scrapeAll(endpoints)
  return counts.map((count, index) =>
    typeof count === 'string'
      ? count
      : { ...count, entries: growth(ENTRIES, before[index]!, after[index]!) },
  )
}

function growth(name: string, before: Scrape, after: Scrape): number | undefined {
  const [first, last] = [before.metrics.get(name), after.metrics.get(name)]
  return first === undefined || last === undefined ? undefined : last - first
}

function evidenceOf(
  before: Scrape,
  after: Scrape,
  traced: TracedMember | string | undefined,
): MemberEvidence {
  const { metrics } = after
  const perSecond = (name: string): number | undefined => {
    const grown = growth(name, before, after)
    return grown === undefined ? undefined : (grown * 1_000) / (after.atMs - before.atMs)
  }
  const delayMs = (name: string): number => (metrics.get(name) ?? NaN) * 1_000
  return {
    leads: metrics.get(LEADS) === 1,
    entriesPerSecond: perSecond(ENTRIES),
    fsyncsPerSecond: perSecond(FSYNCS.find((name) => metrics.has(name)) ?? ''),
    loopDelayMs: metrics.has(LOOP_DELAY.p99)
      ? {
          p50: delayMs(LOOP_DELAY.p50),
          p99: delayMs(LOOP_DELAY.p99),
          max: delayMs(LOOP_DELAY.max),
        }
      : undefined,
    traced,
  }
}
