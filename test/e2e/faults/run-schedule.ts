/** Carries out a schedule, one fault after the other, while clients are at work. */

import { setTimeout as delay } from 'node:timers/promises'
import type { MemberProcess } from '@holdfast/testkit'
import { describeMembers, termOf } from './leadership.js'
import { nemeses } from './nemeses/nemeses.js'
import { effect, type AppliedFault, type Effect, type Stage } from './nemesis.js'
import { nowMs } from './recorder.js'
import { describePlan, type PlannedFault } from './schedule.js'

export async function runSchedule(
  stage: Stage,
  schedule: readonly PlannedFault[],
): Promise<readonly AppliedFault[]> {
  const startMs = nowMs()
  const applied: AppliedFault[] = []
  for (const plan of schedule) {
    await delay(Math.max(0, startMs + plan.atMs - nowMs()))
    // Where nobody leads although nothing is wrong any more, further faults would only hide it.
    const leader = await stage.cluster.leader().catch(() => undefined)
    if (leader === undefined) {
      stage.complain(`nobody leads before ${describePlan(plan)}: ${await describeMembers(stage)}`)
      return applied
    }
    applied.push(await apply(stage, plan, leader))
  }
  return applied
}

async function apply(
  stage: Stage,
  plan: PlannedFault,
  leader: MemberProcess,
): Promise<AppliedFault> {
  const member = targetOf(stage, plan, leader)
  const wasLeader = member === leader
  const term = await termOf(leader)
  const inFlight = stage.inFlight()
  const fromMs = nowMs()
  const effects = await nemeses[plan.kind](stage, { plan, member, wasLeader, term }).catch(
    (error: unknown): readonly Effect[] => [effect(String(error), false)],
  )
  const toMs = nowMs()
  return { plan, member: member.name, wasLeader, fromMs, toMs, inFlight, effects }
}

function targetOf(
  { cluster }: Stage,
  { target }: PlannedFault,
  leader: MemberProcess,
): MemberProcess {
  if (target === 'leader') return leader
  const followers = cluster.members.filter((member) => member !== leader)
  return followers[target % followers.length] ?? leader
}
