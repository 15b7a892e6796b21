/** Disks that are slow, or fail (catalogue 32, 37). */

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
