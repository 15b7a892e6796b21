/**
 * What must be true once all faults are over: somebody leads, every member serves and holds the same,
 * new operations succeed, and no member has ended but by our hand (reliability: safety is judged on the
 * whole run, liveness only after healing).
 */

import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@holdfast/client'
import type { Change, MemberProcess, ProcessCluster } from '@holdfast/testkit'
import { contentOf } from '../member-content.js'
import { changesOf } from './member-history.js'
import { RecordingKv } from './recording-kv.js'
import { nowMs, type Recorder } from './recorder.js'
import { LAST_KEY } from './workload.js'

/** An election and the return of a stream, many times over: others use the machine, too. */
const RECOVERY_MS = 20_000

export interface Aftermath {
  /** Everything that was ever changed, as the first member has it. */
  readonly changes: readonly Change[]
  /** Until everybody served and held the same. */
  readonly recoveryMs: number
  readonly problems: readonly string[]
}

/** @param excused how often each member, by its name, was made to end by itself */
export async function awaitAftermath(
  cluster: ProcessCluster,
  recorder: Recorder,
  excused: ReadonlyMap<string, number>,
): Promise<Aftermath> {
  const startMs = nowMs()
  await cluster.leader()
  await Promise.all(cluster.members.map((member) => cluster.healthy(member)))
  const revision = await writeSomething(cluster, recorder)
  const areEqual = await becomeEqual(cluster, revision)
  const recoveryMs = nowMs() - startMs
  const histories = await Promise.all(cluster.members.map((member) => historyOf(member, revision)))
  const [first, ...others] = histories
  return {
    changes: first?.changes ?? [],
    recoveryMs,
    problems: [
      ...(areEqual ? [] : [`members differ ${RECOVERY_MS} ms after the last fault`]),
      ...histories.flatMap(({ problem }) => problem ?? []),
      ...others.flatMap((other, index) =>
        isSame(first, other) ? [] : [`members 1 and ${index + 2} tell different histories`],
      ),
      ...cluster.members.flatMap((member) => complaintsOf(member, excused.get(member.name) ?? 0)),
    ],
  }
}

interface MemberHistory {
  readonly changes: readonly Change[]
  readonly problem: string | undefined
}

async function historyOf(member: MemberProcess, upTo: number): Promise<MemberHistory> {
  const holdfast = connect({ endpoints: [member.clientUrl] })
  const changes: Change[] = []
  let problem: string | undefined
  try {
    for await (const change of changesOf(holdfast, upTo, RECOVERY_MS)) changes.push(change)
  } catch (error) {
    const told = `told ${changes.length} changes up to ${changes.at(-1)?.revision ?? 0} of ${upTo}`
    problem = `${member.name}, watched from the beginning, has ${told}: ${String(error)}`
  }
  await holdfast.close()
  return { changes, problem }
}

function isSame(one: MemberHistory | undefined, other: MemberHistory): boolean {
  return JSON.stringify(one?.changes) === JSON.stringify(other.changes)
}

/** The last revision of the run. */
async function writeSomething({ endpoints }: ProcessCluster, recorder: Recorder): Promise<number> {
  const holdfast = connect({ endpoints })
  const name = 'last'
  const kv = new RecordingKv({ holdfast, recorder, name, timeoutMs: RECOVERY_MS })
  const outcome = await kv.run({ type: 'put', key: LAST_KEY, value: kv.uniqueValue() })
  await holdfast.close()
  if (outcome.type !== 'ok') {
    throw new Error(`a write failed after all faults: ${JSON.stringify(outcome)}`)
  }
  return outcome.output.revision
}

async function becomeEqual({ members }: ProcessCluster, revision: number): Promise<boolean> {
  const deadline = nowMs() + RECOVERY_MS
  for (;;) {
    const contents = await Promise.all(members.map(({ clientUrl }) => contentOf(clientUrl)))
    const isSettled = contents.every((content) => content.revision >= revision)
    if (isSettled && new Set(contents.map((content) => JSON.stringify(content))).size === 1) {
      return true
    }
    if (nowMs() > deadline) return false
    await delay(50)
  }
}

/** A member that ended by itself, or met what it calls a defect. */
function complaintsOf(member: MemberProcess, excused: number): readonly string[] {
  const ended = member.exits.filter(({ signal }) => signal !== 'SIGKILL')
  const lines = member.output().split('\n')
  const defects = lines.filter((line) => /"level":50/.test(line))
  const fatal = lines.filter((line) => /"level":60/.test(line))
  const unexcused = ended.length > excused || fatal.length > excused
  return [
    ...(unexcused ? [`${member.name} ended by itself: ${JSON.stringify(ended)}`] : []),
    ...[...(unexcused ? fatal : []), ...defects]
      .slice(0, 5)
      .map((line) => `${member.name} says: ${line.slice(0, 400)}`),
  ]
}
