/** Networks that come apart, in both directions or in one, for good or again and again. */

import { setTimeout as delay } from 'node:timers/promises'
import { partitions, type CutKind, type Pair } from '@holdfast/testkit'
import { leaderElsewhere } from '../leadership.js'
import { effect, type Effect, type Nemesis, type Stage } from '../nemesis.js'

type Shape = (names: readonly string[], member: string) => readonly Pair[]

/** Beyond the election timeout: elections may split, machines be busy. */
const ELECTION_PATIENCE = 20
const FLAP_MS = [100, 400] as const

/** Every pair that is cut must have had something to say, which was held. */
class Cut {
  readonly #stage: Stage
  readonly #pairs: readonly Pair[]
  readonly #before: readonly number[]

  constructor(stage: Stage, pairs: readonly Pair[]) {
    this.#stage = stage
    this.#pairs = pairs
    this.#before = this.#held()
  }

  effects(): readonly Effect[] {
    const after = this.#held()
    return this.#pairs.map(({ from, to }, index) => {
      const bytes = (after[index] ?? 0) - (this.#before[index] ?? 0)
      return effect(`${bytes} bytes from ${from} to ${to} were held`, bytes > 0)
    })
  }

  #held(): readonly number[] {
    return this.#pairs.map((pair) => this.#stage.network.counters(pair).heldBytes)
  }
}

function partition(shape: Shape, kind: CutKind = 'packets', deposes = true): Nemesis {
  return async (stage, { plan, member, wasLeader, term }) => {
    const { network, electionTimeoutMs } = stage
    const pairs = shape(network.names, member.name)
    const cut = new Cut(stage, pairs)
    for (const pair of pairs) network.cut(pair, kind)
    const endMs = performance.now() + plan.forMs
    const withinMs = plan.forMs + ELECTION_PATIENCE * electionTimeoutMs
    const elected =
      wasLeader && deposes ? [await leaderElsewhere(stage, { old: member, term, withinMs })] : []
    await stage.expectProgress(`${plan.kind} of ${member.name}`)
    await delay(Math.max(0, endMs - performance.now()))
    const effects = cut.effects()
    for (const pair of pairs) network.mend(pair)
    return [...effects, ...elected]
  }
}

export const isolate = partition(partitions.isolate)
export const minority = partition(partitions.minorityWith)
export const mute = partition(partitions.mute)
export const deafen = partition(partitions.deafen)
/** Those two at the level of Raft's messages, which the streams themselves do not notice. */
export const muteMessages = partition(partitions.mute, 'messages')
export const deafenMessages = partition(partitions.deafen, 'messages')
/** Whoever leads may go on to: a majority is within its reach. */
export const bridge = partition(partitions.bridge, 'packets', false)
export const ring = partition((names) => partitions.ring(names), 'packets', false)

/** One member's links come and go, faster than streams and elections can follow (catalogue 53). */
export const flap: Nemesis = async (stage, { plan, member }) => {
  const { network } = stage
  const pairs = partitions.isolate(network.names, member.name)
  const cut = new Cut(stage, pairs)
  const endMs = performance.now() + plan.forMs
  let times = 0
  while (performance.now() < endMs) {
    for (const pair of pairs) network.cut(pair)
    await delay(FLAP_MS[times % 2])
    for (const pair of pairs) network.mend(pair)
    await delay(FLAP_MS[(times + 1) % 2])
    times += 1
  }
  return [...cut.effects(), effect(`it was cut ${times} times`, times > 1)]
}
