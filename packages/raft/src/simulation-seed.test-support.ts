/** A run that one number decides: its mix of faults, its cluster and its events. */

import { Random } from './random.js'
import { drawEvents, drawMix, MIXES, play, type Event } from './simulation-events.test-support.js'
import { healQuorum } from './simulation-quorum.test-support.js'
import type { Sightings } from './simulation-sightings.test-support.js'
import { SimulatedCluster, type ClusterOptions, type Trace } from './simulation.test-support.js'

/** Everything that decides a run. */
export interface Scenario {
  readonly mix?: string
  readonly cluster: ClusterOptions
  readonly events: readonly Event[]
}

export interface Outcome {
  readonly sightings: Sightings
  /** How long a quorum that works again took to agree. */
  readonly ticksToSettle: number
}

const tiny = {
  maxAppendBytes: 20,
  maxInflightAppends: 2,
  maxUncommittedBytes: 100,
  maxApplyingBytes: 40,
  maxPendingReads: 3,
}

const CLUSTERS: readonly ClusterOptions[] = [
  { voters: ['1', '2', '3'] },
  { voters: ['1', '2', '3', '4', '5'] },
  { voters: ['1', '2', '3'], learners: ['4'] },
  { voters: ['1', '2'] },
  { voters: ['1', '2', '3'], limits: tiny },
  { voters: ['1', '2', '3', '4', '5'], limits: tiny },
  { voters: ['1', '2', '3', '4', '5'], spares: ['6'] },
  { voters: ['1', '2', '3'], spares: ['4', '5'] },
  { voters: ['1', '2', '3', '4'], spares: ['5'] },
  { voters: ['1', '2', '3', '4'], spares: ['5', '6'] },
  { voters: ['1', '2', '3', '4'], spares: ['5'], limits: tiny },
  { voters: ['1'], spares: ['2', '3'], limits: tiny },
]

export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed)
  const mix = drawMix(random)
  const cluster = CLUSTERS[random.below(CLUSTERS.length)]!
  return { mix: MIXES[mix]!, cluster: { ...cluster, seed }, events: drawEvents(mix, random) }
}

/** Runs it, heals a quorum and then all. @throws what was violated */
export function runScenario({ cluster: options, events }: Scenario, trace?: Trace): Outcome {
  const cluster = new SimulatedCluster(options, trace)
  for (const event of events) play(cluster, event)
  const ticksToSettle = healQuorum(cluster, new Random(options.seed ?? 0))
  cluster.heal()
  cluster.checkRefusals()
  return { sightings: cluster.checker.counts, ticksToSettle }
}

/** @throws what was violated */
export function runSeed(seed: number, trace?: Trace): Outcome {
  return runScenario(scenarioOf(seed), trace)
}
