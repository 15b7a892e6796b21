/**
 * Kills a member with -9 every few seconds and starts it again: the leader every second time, any
 * member otherwise. One is down at a time, so that the other two can go on.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { MemberProcess, ProcessCluster } from '@holdfast/testkit'

const DOWN_MS = 1_000

export interface Kill {
  readonly member: string
  readonly leader: boolean
}

export async function killMembers(
  cluster: ProcessCluster,
  options: { readonly everyMs: number; readonly forMs: number; readonly random: () => number },
): Promise<readonly Kill[]> {
  const kills: Kill[] = []
  const until = performance.now() + options.forMs
  while (performance.now() + options.everyMs < until) {
    const next = performance.now() + options.everyMs
    const leader = await cluster.leader()
    const victim = kills.length % 2 === 0 ? leader : pick(cluster.members, options.random)
    await victim.kill()
    kills.push({ member: victim.name, leader: victim === leader })
    await delay(DOWN_MS)
    victim.start()
    await cluster.healthy(victim)
    await delay(Math.max(0, next - performance.now()))
  }
  return kills
}

function pick(members: readonly MemberProcess[], random: () => number): MemberProcess {
  const member = members[Math.floor(random() * members.length)]
  if (member === undefined) throw new Error('a cluster has members')
  return member
}
