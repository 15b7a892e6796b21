/** The leadership is handed over, to whoever it is: fresh, slow, cut off or dead (thesis §3.10). */

import type { Fault } from './fault.js'

export const transfer: Fault = ({ cluster, chance }) => {
  const to = chance.pick(cluster.members).id
  cluster.leader?.member?.node.members.transferLeadership(to, 2_000).catch(() => undefined)
  return () => undefined
}
