/** Disks that are slow, or fail (catalogue 32, 37). */

import type { Direction } from '../links.js'
import type { Fault } from './fault.js'
import { pickMember } from './fault.js'

/** An fsync takes as long as an election, or longer. */
export const slowDisk: Fault = (context) => {
  const { drive } = pickMember(context).disk
  drive.slowness = context.chance.pick([30, 300, 3_000])
  return () => drive.mend()
}

/** The member ends when it notices, and is started again on what the disk has kept. */
export const failingDisk: Fault = (context) => {
  const member = pickMember(context)
  member.disk.drive.failsNext = true
  return () => {
    member.disk.drive.mend()
    member.start()
  }
}

/**
 * A checkpoint takes very long, and what is committed meanwhile waits to be applied. Then the member
 * misses so much of the log that it is sent a copy of the state, which overtakes what waits.
 */
export const overtakenByCopy: Fault = ({ cluster, chance }) => {
  const { links, leader, world } = cluster
  const others = cluster.present.filter((member) => member !== leader)
  if (leader === undefined || others.length === 0) return () => undefined
  const { id, disk } = chance.pick(others)
  disk.drive.stateSlowness = 3_000
  const directions = cluster.present.map((from): Direction => [from.id, id, 'log'])
  let mend: (() => void) | undefined
  const cutAfterMs = chance.between(50, 500)
  const cancels = [
    world.after(cutAfterMs, () => (mend = links.cut(directions))),
    world.after(cutAfterMs + chance.between(100, 800), () => mend?.()),
  ]
  return () => {
    for (const cancel of cancels) cancel()
    mend?.()
    disk.drive.mend()
  }
}
