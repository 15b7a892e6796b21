/** What a fault is given, and what it gives back. */

import type { Chance } from '../chance.js'
import type { SimulatedCluster } from '../simulated-cluster.js'
import type { SimulatedMember } from '../simulated-member.js'
import type { ClientFleet } from '../client-fleet.js'
import type { CrashPoints } from './crash-points.js'

export interface FaultContext {
  readonly cluster: SimulatedCluster
  readonly clients: ClientFleet
  readonly crashPoints: CrashPoints
  /** Of this fault alone. */
  readonly chance: Chance
}

/** Begins a fault. What it returns ends it. */
export type Fault = (context: FaultContext) => () => void

/** The leader as often as anybody else together. */
export function pickMember({ cluster, chance }: FaultContext): SimulatedMember {
  const { leader } = cluster
  return leader !== undefined && chance.happens(0.5) ? leader : chance.pick(cluster.present)
}
