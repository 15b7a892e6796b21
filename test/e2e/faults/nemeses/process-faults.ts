/** Members that are killed with -9 and come back, and members that stand still. */

import { setTimeout as delay } from 'node:timers/promises'
import { memberStatus } from '@holdfast/testkit'
import { leaderElsewhere } from '../leadership.js'
import { effect, type Nemesis } from '../nemesis.js'

/** After which another must lead, beyond the election timeout: elections may split, machines be busy. */
const ELECTION_PATIENCE = 20

/** A kill counts only of a member that serves: one that does not yet is waited for. */
export const kill: Nemesis = async (stage, { plan, member, wasLeader, term }) => {
  const { cluster, electionTimeoutMs } = stage
  await cluster.healthy(member)
  const before = member.pid
  await member.kill()
  const downUntil = performance.now() + plan.forMs
  // One that comes back at once may be there before the election.
  const isReplaced = wasLeader && plan.forMs > 0
  const withinMs = ELECTION_PATIENCE * electionTimeoutMs
  const elected = isReplaced ? [await leaderElsewhere(stage, { old: member, term, withinMs })] : []
  if (plan.forMs > 0) await stage.expectProgress(`${member.name} is down`)
  await delay(Math.max(0, downUntil - performance.now()))
  member.start()
  await cluster.healthy(member)
  const isAnother = member.pid !== before
  return [...elected, effect(`process ${before ?? 0} is ${member.pid ?? 0} now`, isAnother)]
}

/** All at once: what is acknowledged is on their disks, or nowhere (catalogue 29). */
export const killAll: Nemesis = async ({ cluster }, { plan }) => {
  const { members } = cluster
  await Promise.all(members.map((member) => cluster.healthy(member)))
  const before = members.map(({ pid }) => pid)
  await Promise.all(members.map((member) => member.kill()))
  await delay(plan.forMs)
  for (const member of members) member.start()
  await Promise.all(members.map((member) => cluster.healthy(member)))
  return [
    effect(
      'all are other processes now',
      members.every(({ pid }, index) => pid !== before[index]),
    ),
  ]
}

/** Its connections stay open, and take what is sent to them until they are full. */
const pause: Nemesis = async (stage, { plan, member, wasLeader, term }) => {
  const { cluster, electionTimeoutMs } = stage
  const { pid } = member
  member.pause()
  const endMs = performance.now() + plan.forMs
  const silent = (await memberStatus(member, Math.min(plan.forMs, 300))) === undefined
  const isLong = plan.forMs >= 4 * electionTimeoutMs
  const withinMs = plan.forMs + ELECTION_PATIENCE * electionTimeoutMs
  const effects =
    isLong && wasLeader ? [await leaderElsewhere(stage, { old: member, term, withinMs })] : []
  if (isLong) await stage.expectProgress(`${member.name} stands still`)
  await delay(Math.max(0, endMs - performance.now()))
  member.resume()
  await cluster.healthy(member)
  return [
    effect(`${member.name} stood still`, silent),
    ...effects,
    effect('it goes on as the same process', member.pid === pid),
  ]
}

export const pauseShort = pause
export const pauseLong = pause

export const pauseHolder: Nemesis = async ({ pauseHolders }) => {
  const effects = await Promise.all(pauseHolders.map((pauseOne) => pauseOne()))
  return effects.length === 0 ? [effect('there was a holder', false)] : effects.flat()
}
