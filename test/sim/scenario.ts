/**
 * What this side knows of the simulation in `packages/raft/src/simulation-seed.test-support.ts`, which
 * is compiled anew for every run and has no types here.
 */

/** An event's name, and the two numbers that say to whom or to which message. */
export type Event = readonly [name: string, a: number, b: number]

export interface ClusterOptions {
  readonly voters: readonly string[]
  readonly learners?: readonly string[]
  readonly spares?: readonly string[]
  readonly limits?: Readonly<Record<string, number>>
  readonly seed?: number
}

export interface Scenario {
  readonly cluster: ClusterOptions
  readonly events: readonly Event[]
}

export interface Outcome {
  readonly sightings: Readonly<Record<string, number>>
  readonly ticksToSettle: number
}
