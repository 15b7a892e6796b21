/** Who leads, as the members themselves say, each asked on its own port. */

import { setTimeout as delay } from 'node:timers/promises'
import { memberStatus, type MemberProcess } from '@holdfast/testkit'
import { effect, type Effect, type Stage } from './nemesis.js'

/** Of the leader that a member knows; 0 if it does not answer. */
export async function termOf(member: MemberProcess): Promise<number> {
  return (await memberStatus(member))?.term ?? 0
}

/** What each member says of itself now. */
export async function describeMembers({ cluster }: Stage): Promise<string> {
  const told = cluster.members.map(async (member) => {
    const status = await memberStatus(member)
    return `${member.name} ${member.running ? JSON.stringify(status ?? 'silent') : 'has ended'}`
  })
  return (await Promise.all(told)).join(', ')
}

/** Waits until another member leads in a later term. */
export async function leaderElsewhere(
  { cluster }: Stage,
  { old, term, withinMs }: { old: MemberProcess; term: number; withinMs: number },
): Promise<Effect> {
  const others = cluster.members.filter((member) => member !== old)
  const deadline = performance.now() + withinMs
  for (;;) {
    const answers = await Promise.all(others.map((member) => memberStatus(member, 300)))
    const newer = answers.find((answer) => answer?.leads === true && answer.term > term)
    if (newer !== undefined) return effect(`another leads in term ${newer.term}`, true)
    if (performance.now() > deadline) return effect(`another leads after term ${term}`, false)
    await delay(20)
  }
}
