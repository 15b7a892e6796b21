/**
 * One cell of the test: a fresh cluster, some workloads, a schedule of faults; then everything is
 * healed, waited for and judged.
 */

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type Holdfast } from '@holdfast/client'
import {
  encodeHistory,
  serveCommand,
  startFaultyCluster,
  type FaultyCluster,
} from '@holdfast/testkit'
import { seededRandom } from '../seeded-random.js'
import { awaitAftermath, type Aftermath } from './aftermath.js'
import type { AppliedFault, Effect, Stage } from './nemesis.js'
import { RecordingKv } from './recording-kv.js'
import { nowMs, Recorder } from './recorder.js'
import { runSchedule } from './run-schedule.js'
import type { PlannedFault } from './schedule.js'
import { judge, type Complaint } from './verdict.js'
import type { Workload, WorkloadContext } from './workload.js'

export interface CellPlan {
  readonly name: string
  readonly seed: number
  readonly members: number
  readonly heartbeatIntervalMs: number
  readonly electionTimeoutMs: number
  readonly workloads: readonly Workload[]
  readonly schedule: readonly PlannedFault[]
}

export interface CellResult {
  readonly plan: CellPlan
  readonly faults: readonly AppliedFault[]
  readonly operations: number
  /** Of unknown outcome. */
  readonly unknown: number
  readonly revisions: number
  readonly recoveryMs: number
  /** What is wrong with the product. */
  readonly violations: readonly Complaint[]
  /** Faults without effect, of which the run says nothing. */
  readonly withoutEffect: readonly string[]
  /** Where the history was written, if there is something to look for in it. */
  readonly file: string | undefined
}

/** Before the first fault and after the last. */
const QUIET_MS = 500
/** Every operation has a shorter time limit than this. */
const END_MS = 30_000
/** Many elections. */
const PROGRESS_MS = 15_000
const SESSION_TTL_SECONDS = 2

export async function runCell(plan: CellPlan): Promise<CellResult> {
  const { members, heartbeatIntervalMs, electionTimeoutMs } = plan
  const flags = [
    ...['--heartbeat-interval-ms', String(heartbeatIntervalMs)],
    ...['--election-timeout-ms', String(electionTimeoutMs)],
  ]
  const faulty = await startFaultyCluster({
    size: members,
    memberCommand: serveCommand(import.meta.url, flags),
  })
  const scene = new Scene(plan, faulty)
  try {
    return await scene.play()
  } finally {
    await scene.close()
    await faulty.close()
  }
}

/** The cluster with its clients, from the first operation to the verdict. */
class Scene {
  readonly #plan: CellPlan
  readonly #faulty: FaultyCluster
  readonly #recorder = new Recorder()
  readonly #clients: Holdfast[] = []
  readonly #ending = new AbortController()
  readonly #givenUp = new AbortController()
  readonly #pauseHolders: (() => Promise<readonly Effect[]>)[] = []
  readonly #context: WorkloadContext

  constructor(plan: CellPlan, faulty: FaultyCluster) {
    this.#plan = plan
    this.#faulty = faulty
    this.#context = this.#contextFor(faulty.network.clientUrls)
  }

  async play(): Promise<CellResult> {
    const { workloads, schedule } = this.#plan
    const run = (workload: Workload): Promise<void> => workload.run(this.#context)
    const observing = workloads.filter(isObserver).map(run)
    const working = workloads.filter((workload) => !isObserver(workload)).map(run)
    const stage = this.#stage()
    const faults = await runSchedule(stage, schedule)
    this.#faulty.network.heal()
    await delay(QUIET_MS)
    this.#ending.abort()
    await this.#end(working, 'operations are not answered')
    const aftermath = await awaitAftermath(this.#faulty.cluster, this.#recorder)
    await this.#end(observing, 'watches are not told of the last change')
    return this.#judge(faults, aftermath)
  }

  async close(): Promise<void> {
    this.#ending.abort()
    this.#givenUp.abort()
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  #judge(faults: readonly AppliedFault[], aftermath: Aftermath): CellResult {
    const recorder = this.#recorder
    const { records, complaints } = recorder
    const { changes, recoveryMs, problems } = aftermath
    const violations = [
      ...complaints.map((message) => ({ checker: 'client', message })),
      ...problems.map((message) => ({ checker: 'aftermath', message })),
      ...judge({ records, changes }),
    ]
    const operations = records.filter((record) => record.kind === 'kv')
    return {
      ...{ plan: this.#plan, faults, violations, recoveryMs },
      operations: records.length,
      unknown: operations.filter(({ outcome }) => outcome.type === 'unknown').length,
      revisions: changes.length,
      withoutEffect: faults.flatMap((fault) => lacksOf(fault, recorder)),
      file: violations.length === 0 ? undefined : writeEvidence({ records, changes }, faults),
    }
  }

  /** Waits for clients, and lets go of them when it has waited for long enough. */
  async #end(running: readonly Promise<void>[], problem: string): Promise<void> {
    const timer = setTimeout(() => {
      this.#recorder.complain(`${problem} ${END_MS} ms after the last fault`)
      this.#givenUp.abort()
    }, END_MS)
    const late = new Promise((resolve) =>
      this.#givenUp.signal.addEventListener('abort', () => setTimeout(resolve, END_MS)),
    )
    await Promise.race([Promise.all(running), late])
    clearTimeout(timer)
  }

  #stage(): Stage {
    return {
      ...this.#faulty,
      electionTimeoutMs: this.#plan.electionTimeoutMs,
      inFlight: () => this.#recorder.inFlight,
      pauseHolders: this.#pauseHolders,
      expectProgress: (meanwhile) => this.#expectProgress(meanwhile),
    }
  }

  async #expectProgress(meanwhile: string): Promise<void> {
    const { recorder } = this.#context
    const name = `probe${this.#clients.length}`
    const holdfast = this.#context.connect(this.#clients.length)
    const kv = new RecordingKv({ holdfast, recorder, name, timeoutMs: PROGRESS_MS })
    const { type } = await kv.run({ type: 'put', key: 'probe', value: kv.uniqueValue() })
    if (type !== 'ok') recorder.complain(`no write succeeds in ${PROGRESS_MS} ms: ${meanwhile}`)
  }

  #contextFor(endpoints: readonly string[]): WorkloadContext {
    const { seed } = this.#plan
    const open = (some: readonly string[]): Holdfast => {
      const holdfast = connect({
        ...{ endpoints: some, attemptTimeoutMs: 500, sessionTtlSeconds: SESSION_TTL_SECONDS },
      })
      this.#clients.push(holdfast)
      return holdfast
    }
    return {
      ...{ seed, endpoints, recorder: this.#recorder, sessionTtlSeconds: SESSION_TTL_SECONDS },
      startMs: nowMs(),
      ending: this.#ending.signal,
      givenUp: this.#givenUp.signal,
      connect: (first) => open(rotated(endpoints, first)),
      connectOnly: (member) => open(endpoints.slice(member, member + 1)),
      random: (name) => seededRandom(seed ^ hashOf(name)),
      addHolders: (pauseHolder) => this.#pauseHolders.push(pauseHolder),
    }
  }
}

const isObserver = ({ isObserver: observes }: Workload): boolean => observes === true

function rotated(items: readonly string[], first: number): readonly string[] {
  const at = first % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return hash
}

/** Why a fault does not count. */
function lacksOf(fault: AppliedFault, recorder: Recorder): readonly string[] {
  const { plan, member, effects, fromMs, toMs } = fault
  const name = `${plan.kind} of ${member}`
  const missed = effects.filter(({ tookPlace }) => !tookPlace).map(({ what }) => `${name}: ${what}`)
  const operations = recorder.during(fromMs, toMs)
  return operations > 0 ? missed : [...missed, `${name}: no client asked for anything`]
}

function writeEvidence(
  { records, changes }: Parameters<typeof judge>[0],
  faults: readonly AppliedFault[],
): string {
  const file = join(mkdtempSync(join(tmpdir(), 'holdfast-faults-')), 'history.jsonl')
  writeFileSync(file, encodeHistory([...faults, ...records, ...changes]))
  return file
}
