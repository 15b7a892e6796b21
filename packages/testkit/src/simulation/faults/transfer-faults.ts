/** The leadership is handed over, to whoever it is: fresh, slow, cut off or dead (thesis §3.10). */

import type { Direction } from '../links.js'
import type { Fault } from './fault.js'

export const transfer: Fault = ({ cluster, chance }) => {
  const to = chance.pick(cluster.members).id
  cluster.leader?.member?.node.members.transferLeadership(to, 2_000).catch(() => undefined)
  return () => undefined
}

/**
 * The leader hands over and hears nobody from the moment on in which it has told its heir: it takes
 * itself for the leader for another election timeout, while there is one already. Nothing else makes
 * two for so long, as a leader that hears no quorum doubts itself before anybody campaigns (thesis
 * §6.2, §6.4).
 */
export const handOverDeaf: Fault = ({ cluster, crashPoints, chance }) => {
  const { leader, links } = cluster
  const others = cluster.present.filter((member) => member !== leader)
  if (leader === undefined || others.length === 0) return () => undefined
  leader.member?.node.members
    .transferLeadership(chance.pick(others).id, 2_000)
    .catch(() => undefined)
  const directions = others.map(({ id }): Direction => [id, leader.id])
  let mend: (() => void) | undefined
  const disarm = crashPoints.arm({
    member: leader,
    points: ['before timeoutNow is sent'],
    onHit: () => {
      mend = links.cut(directions)
    },
  })
  return () => {
    disarm()
    mend?.()
  }
}
