/**
 * What a run is, decided by its seed before it begins: the cluster, the weather, who does what, and
 * which faults come when. A plan is plain data, so that it can be printed, cut down and kept.
 *
 * Ranges are drawn once a run, so that what is rare together in one run is common in another (swarm
 * testing; the options of TigerBeetle's VOPR are where the ranges begin).
 */

import { Chance } from './chance.js'
import { FAULT_KINDS, type FaultKind } from './faults/fault-kinds.js'
import type { LinkConditions } from './links.js'
import type { Timing } from './simulated-member.js'
import { WORKLOADS, type WorkloadKind } from './workloads/workloads.js'

export interface PlannedFault {
  readonly atMs: number
  readonly forMs: number
  readonly kind: FaultKind
  /** Decides whom it strikes, and how. */
  readonly draw: number
}

export interface PlannedClient {
  readonly name: string
  readonly workload: WorkloadKind
  readonly operations: number
}

export interface Plan {
  readonly seed: number
  readonly size: number
  readonly timing: Timing
  readonly conditions: LinkConditions
  /** No clock runs faster or slower than this share. */
  readonly clockSkew: number
  /** Of an fsync, on average. */
  readonly diskMs: number
  readonly checkpointMs: number
  readonly keptEntries: number
  readonly sessionTtlSeconds: number
  /** How often it is noted what leases that are longer have left. Kept plans do not say. */
  readonly leaseCheckpointMs?: number
  /** How long faults may come. */
  readonly safetyMs: number
  readonly faults: readonly PlannedFault[]
  readonly clients: readonly PlannedClient[]
}

/** Longer than any run. */
const LONG_MS = 300_000

export function planOf(seed: number): Plan {
  const chance = new Chance(`plan ${seed}`)
  const safetyMs = chance.between(3_000, 8_000)
  return {
    seed,
    size: chance.pick([3, 3, 3, 5]),
    timing: { tickMs: 50, heartbeatTicks: 1, electionTicks: chance.pick([6, 10]) },
    conditions: drawConditions(chance.stream('network')),
    clockSkew: chance.pick([0, 0.001, 0.02]),
    diskMs: chance.pick([0.5, 2, 8]),
    checkpointMs: chance.pick([100, 300, 2_000]),
    keptEntries: chance.pick([2, 5, 20, 5_000]),
    sessionTtlSeconds: chance.pick([1, 2, 5]),
    leaseCheckpointMs: chance.stream('lease checkpoints').pick([700, LONG_MS, LONG_MS]),
    safetyMs,
    faults: drawFaults(chance.stream('faults'), safetyMs),
    clients: drawClients(chance.stream('clients')),
  }
}

function drawConditions(chance: Chance): LinkConditions {
  const isBad = chance.happens(0.4)
  return {
    minDelayMs: chance.between(0, 1),
    meanDelayMs: chance.pick([0.5, 2, 10]),
    loss: isBad ? chance.pick([0, 0.01, 0.05]) : 0,
    repetition: isBad ? chance.pick([0, 0.01, 0.05]) : 0,
    isOrdered: !isBad || chance.happens(0.5),
  }
}

function drawFaults(chance: Chance, safetyMs: number): readonly PlannedFault[] {
  const kinds = chance.sample(FAULT_KINDS, 1 + chance.below(5))
  const count = chance.below(8)
  const faults = Array.from({ length: count }, (_, at) => {
    const own = chance.stream(at)
    return {
      atMs: Math.round(own.between(500, safetyMs)),
      forMs: Math.round(100 + own.exponential(1_200)),
      kind: own.pick(kinds),
      draw: own.uint32(),
    }
  })
  return faults.sort((a, b) => a.atMs - b.atMs)
}

function drawClients(chance: Chance): readonly PlannedClient[] {
  const kinds = chance.sample(WORKLOADS, 1 + chance.below(5))
  const count = 2 + chance.below(6)
  return Array.from({ length: count }, (_, at) => {
    const workload = chance.stream(at).pick(kinds)
    return { name: `${workload}${at}`, workload, operations: 20 + chance.below(60) }
  })
}
