/** Processes that die, stand still, or come back. */

import { CRASH_POINTS } from './crash-points.js'
import type { Fault, FaultContext } from './fault.js'
import { pickMember } from './fault.js'

function crashOne(kind: 'process' | 'power'): Fault {
  return (context) => {
    const member = pickMember(context)
    member.crash(kind)
    return () => member.start()
  }
}

export const crash = crashOne('process')
export const powerLoss = crashOne('power')

export const powerLossEverywhere: Fault = ({ cluster }) => {
  for (const member of cluster.members) member.crash('power')
  return () => {
    for (const member of cluster.members) member.start()
  }
}

/** It dies in the middle of its code, and is started again some time later. */
export const crashAtPoint: Fault = (context) => {
  const { crashPoints, chance, cluster } = context
  const member = pickMember(context)
  const restartMs = chance.exponential(500)
  const disarm = crashPoints.arm({
    member,
    points: chance.sample(CRASH_POINTS, 3),
    kind: chance.happens(0.5) ? 'process' : 'power',
    onHit: () => void cluster.world.after(restartMs, () => member.start()),
  })
  return () => {
    disarm()
    member.start()
  }
}

export const pause: Fault = (context) => {
  const { host } = pickMember(context)
  host?.pause()
  return () => host?.resume()
}

export const pauseClient: Fault = (context) => {
  const host = pickClient(context)
  host?.pause()
  return () => host?.resume()
}

/** Its machine sleeps: when it wakes, its timers are as far from being due as before. */
export const suspendClient: Fault = (context) => {
  const host = pickClient(context)
  host?.sleep()
  return () => host?.resume()
}

/** Its sessions, holds and claims are left behind; another process takes its place. */
export const crashClient: Fault = ({ clients, chance }) => clients.crashOne(chance)

function pickClient({ clients, chance }: FaultContext) {
  const { hosts } = clients
  return hosts.length === 0 ? undefined : chance.pick(hosts)
}
