/** The cluster of a cell with its clients, from the first operation to the verdict. */

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type Holdfast } from '@holdfast/client'
import { encodeHistory, type FaultyCluster, type MemberProcess } from '@holdfast/testkit'
import { seededRandom } from '../seeded-random.js'
import { awaitAftermath, type Aftermath } from './aftermath.js'
import type { CellPlan, CellResult } from './cell-plan.js'
import { awaitEnds } from './client-ends.js'
import { lacksOf } from './counting.js'
import { describeMembers } from './leadership.js'
import type { AppliedFault, Effect, Stage } from './nemesis.js'
import { PROBE_KEY } from './probe-key.js'
import { RecordingKv } from './recording-kv.js'
import { nowMs, Recorder } from './recorder.js'
import { runSchedule } from './run-schedule.js'
import { judge } from './verdict.js'
import type { Workload, WorkloadContext } from './workload.js'

/** Before the first fault and after the last. */
const QUIET_MS = 500
/** Every operation has a shorter time limit than this. */
const END_MS = 60_000
/** Many elections. */
const PROGRESS_MS = 15_000
const SESSION_TTL_SECONDS = 2
const NO_AFTERMATH: Aftermath = { changes: [], recoveryMs: Infinity, problems: [] }

export class Scene {
  readonly #plan: CellPlan
  readonly #faulty: FaultyCluster
  readonly #recorder = new Recorder()
  readonly #clients: Holdfast[] = []
  readonly #ending = new AbortController()
  readonly #givenUp = new AbortController()
  readonly #pauseHolders: (() => Promise<readonly Effect[]>)[] = []
  readonly #context: WorkloadContext
  readonly #disks: Stage['disks']
  /** How often each member was made to end by itself. */
  readonly #excused = new Map<string, number>()

  constructor(plan: CellPlan, faulty: FaultyCluster, disks: Stage['disks']) {
    this.#disks = disks
    this.#plan = plan
    this.#faulty = faulty
    this.#context = this.#contextFor(faulty.network.clientUrls)
  }

  async play(): Promise<CellResult> {
    const { workloads, schedule } = this.#plan
    const run = (workload: Workload): Promise<void> => this.#run(workload)
    const observing = workloads.filter(isObserver).map(run)
    const working = workloads.filter((workload) => !isObserver(workload)).map(run)
    const stage = this.#stage()
    const faults = await runSchedule(stage, schedule)
    this.#faulty.network.heal()
    const healedMs = nowMs()
    await delay(QUIET_MS)
    this.#ending.abort()
    await this.#end(working, 'operations are not answered')
    const aftermath = await this.#recover(stage)
    await this.#end(observing, 'watches are not told of the last change')
    return this.#judge(faults, aftermath, healedMs)
  }

  async #run(workload: Workload): Promise<void> {
    try {
      await workload.run(this.#context)
    } catch (error) {
      this.#recorder.complain(`${workload.name} failed: ${String(error)}`)
    }
  }

  async close(): Promise<void> {
    this.#ending.abort()
    this.#givenUp.abort()
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  /** Undefined if the cluster does not come to rest: without all changes little can be judged. */
  async #recover(stage: Stage): Promise<Aftermath | undefined> {
    try {
      return await awaitAftermath(this.#faulty.cluster, this.#recorder, this.#excused)
    } catch (error) {
      const members = await describeMembers(stage)
      this.#recorder.complain(`the cluster does not recover: ${String(error)}; now ${members}`)
      this.#givenUp.abort()
      return undefined
    }
  }

  #judge(
    faults: readonly AppliedFault[],
    aftermath: Aftermath | undefined,
    healedMs: number,
  ): CellResult {
    const recorder = this.#recorder
    const { records, complaints } = recorder
    const { changes, recoveryMs, problems } = aftermath ?? NO_AFTERMATH
    const violations = [
      ...complaints.map((message) => ({ checker: 'client', message })),
      ...problems.map((message) => ({ checker: 'aftermath', message })),
      ...(aftermath === undefined ? [] : judge({ records, changes, healedMs })),
    ]
    const unknown = records.filter((one) => 'outcome' in one && one.outcome.type === 'unknown')
    return {
      ...{ plan: this.#plan, faults, violations, recoveryMs },
      operations: records.length,
      unknown: unknown.length,
      revisions: changes.length,
      withoutEffect: faults.flatMap((fault) =>
        lacksOf(fault, recorder.during(fault.fromMs, fault.toMs)),
      ),
      file:
        violations.length === 0 ? undefined : writeEvidence([...faults, ...records, ...changes]),
    }
  }

  #end(running: readonly Promise<void>[], problem: string): Promise<void> {
    const complain = (): void =>
      this.#recorder.complain(`${problem} ${END_MS} ms after the last fault`)
    return awaitEnds(running, { givenUp: this.#givenUp, patienceMs: END_MS, complain })
  }

  #stage(): Stage {
    return {
      ...this.#faulty,
      electionTimeoutMs: this.#plan.electionTimeoutMs,
      inFlight: () => this.#recorder.inFlight,
      pauseHolders: this.#pauseHolders,
      disks: this.#disks,
      endsByItself: (member, withinMs) => this.#endsByItself(member, withinMs),
      complain: (what) => this.#recorder.complain(what),
      expectProgress: (meanwhile) => this.#expectProgress(meanwhile),
    }
  }

  async #endsByItself(member: MemberProcess, withinMs: number): Promise<boolean> {
    const late = new AbortController()
    const stays = delay(withinMs, false, { signal: late.signal }).catch(() => false)
    const ended = await Promise.race([member.ended().then(() => true), stays])
    late.abort()
    if (ended) this.#excused.set(member.name, (this.#excused.get(member.name) ?? 0) + 1)
    return ended
  }

  async #expectProgress(meanwhile: string): Promise<void> {
    const { recorder } = this.#context
    const name = `probe${this.#clients.length}`
    const holdfast = this.#context.connect(this.#clients.length)
    const kv = new RecordingKv({ holdfast, recorder, name, timeoutMs: PROGRESS_MS })
    const { type } = await kv.run({ type: 'put', key: PROBE_KEY, value: kv.uniqueValue() })
    if (type !== 'ok') recorder.complain(`no write succeeds in ${PROGRESS_MS} ms: ${meanwhile}`)
  }

  #contextFor(endpoints: readonly string[]): WorkloadContext {
    const { seed } = this.#plan
    const open = (some: readonly string[]): Holdfast => {
      const holdfast = connect({
        ...{ endpoints: some, attemptTimeoutMs: 1_000, sessionTtlSeconds: SESSION_TTL_SECONDS },
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

function writeEvidence(lines: readonly object[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'holdfast-faults-')), 'history.jsonl')
  writeFileSync(file, encodeHistory(lines))
  return file
}
