/** Disks that are slow, that fail, and that are full (catalogue 32, 36, 37), of one member each. */

import { setTimeout as delay } from 'node:timers/promises'
import type { DiskFaultHits, DiskFaults, MemberProcess } from '@holdfast/testkit'
import { metric } from '../../member-metric.js'
import { effect, type Effect, type Nemesis, type Stage } from '../nemesis.js'

/** What a full disk still takes. */
const BYTES_LEFT = 64 * 1024
/** Until a disk is used, or a member has noticed that it failed. */
const NOTICE_MS = 10_000
const LOOK_EVERY_MS = 20

/** Every fsync takes an election timeout and more. */
export const slowDisk: Nemesis = async (stage, { plan, member }) => {
  const disk = diskOf(stage, member)
  const before = disk.hits().slowed
  disk.slow(1.5 * stage.electionTimeoutMs)
  const endMs = performance.now() + plan.forMs
  await stage.expectProgress(`the disk of ${member.name} is slow`)
  await delay(Math.max(0, endMs - performance.now()))
  disk.heal()
  return [hits(disk, 'slowed', before)]
}

/** An fsync that failed is never tried again: the member ends, and the others go on. */
export const failFsync: Nemesis = async (stage, { member }) => {
  const disk = diskOf(stage, member)
  const before = disk.hits().failedFsyncs
  disk.failFsync('once')
  const ended = await stage.endsByItself(member, NOTICE_MS)
  disk.heal()
  await stage.expectProgress(`${member.name} has ended`)
  await restart(stage, member)
  return [hits(disk, 'failedFsyncs', before), effect(`${member.name} ended by itself`, ended)]
}

/** Whether the member goes on with what needs no room is its own affair; the others must. */
export const fullDisk: Nemesis = async (stage, { plan, member }) => {
  const disk = diskOf(stage, member)
  const before = disk.hits().refusedForSpace
  disk.full(BYTES_LEFT)
  const deadline = performance.now() + NOTICE_MS
  const isRefused = (): boolean => disk.hits().refusedForSpace > before
  let isShort = false
  while (!isRefused() && !isShort && performance.now() < deadline) {
    await delay(LOOK_EVERY_MS)
    isShort = await knowsThatItIsFull(member)
  }
  await stage.expectProgress(`the disk of ${member.name} is full`)
  const ended = await stage.endsByItself(member, plan.forMs)
  disk.heal()
  if (ended) await restart(stage, member)
  else await stage.cluster.healthy(member)
  const refused = `refusedForSpace: ${disk.hits().refusedForSpace - before}`
  return [effect(`${refused}${isShort ? ', and it knows' : ''}`, isRefused() || isShort)]
}

/** It then writes as little as it can, and may not be refused anything. */
async function knowsThatItIsFull(member: MemberProcess): Promise<boolean> {
  return (await metric(member, 'holdfast_disk_short_of_space').catch(() => 0)) === 1
}

async function restart({ cluster }: Stage, member: MemberProcess): Promise<void> {
  if (!member.running) member.start()
  await cluster.healthy(member)
}

function hits(disk: DiskFaults, counter: keyof DiskFaultHits, before: number): Effect {
  const count = disk.hits()[counter] - before
  return effect(`${counter}: ${count}`, count > 0)
}

function diskOf({ disks }: Stage, { name }: MemberProcess): DiskFaults {
  const disk = disks.get(name)
  if (disk === undefined) throw new Error(`the disk of ${name} cannot fail here`)
  return disk
}
