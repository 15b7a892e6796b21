/**
 * The links between hosts, one for each direction: how long something takes, whether it gets lost,
 * comes twice, or is overtaken. A link that is cut swallows what it is given, as a partition does.
 */

import type { Chance } from './chance.js'
import type { Host } from './host.js'

/** From and to; clients have names of their own. */
export type Direction = readonly [from: string, to: string]

export interface LinkConditions {
  readonly minDelayMs: number
  readonly meanDelayMs: number
  readonly loss: number
  readonly repetition: number
  /** False: what was sent later may arrive earlier. */
  readonly isOrdered: boolean
}

interface Link {
  readonly chance: Chance
  isCut: boolean
  /** When the last of what is on its way arrives. */
  lastArrivalMs: number
}

export class Links {
  conditions: LinkConditions
  /** Swallowed because a link was cut. */
  swallowed = 0
  lost = 0
  repeated = 0
  readonly #chance: Chance
  readonly #links = new Map<string, Link>()

  constructor(chance: Chance, conditions: LinkConditions) {
    this.#chance = chance
    this.conditions = conditions
  }

  cut(direction: Direction): void {
    this.#link(direction).isCut = true
  }

  mend(direction: Direction): void {
    this.#link(direction).isCut = false
  }

  isCut(direction: Direction): boolean {
    return this.#link(direction).isCut
  }

  mendAll(): void {
    for (const link of this.#links.values()) link.isCut = false
  }

  /** @returns false if it was lost and whoever sent it could know in time */
  carry(from: Host, direction: Direction, arrive: () => void): boolean {
    const { loss, repetition } = this.conditions
    const link = this.#link(direction)
    if (link.isCut) {
      this.swallowed += 1
      return false
    }
    if (link.chance.happens(loss)) {
      this.lost += 1
      return false
    }
    const { isOrdered } = this.conditions
    this.#send(from, direction, { isOrdered, arrive })
    if (link.chance.happens(repetition)) {
      this.repeated += 1
      this.#send(from, direction, { isOrdered, arrive })
    }
    return true
  }

  /** As `carry`, but as a connection does it: neither lost nor repeated, and in order. */
  stream(from: Host, direction: Direction, arrive: () => void): void {
    if (this.#link(direction).isCut) this.swallowed += 1
    else this.#send(from, direction, { isOrdered: true, arrive })
  }

  #send(
    { world }: Host,
    direction: Direction,
    { isOrdered, arrive }: { readonly isOrdered: boolean; readonly arrive: () => void },
  ): void {
    const link = this.#link(direction)
    const { minDelayMs, meanDelayMs } = this.conditions
    const takesMs = minDelayMs + link.chance.exponential(meanDelayMs)
    const atMs = isOrdered
      ? Math.max(world.nowMs + takesMs, link.lastArrivalMs)
      : world.nowMs + takesMs
    link.lastArrivalMs = Math.max(link.lastArrivalMs, atMs)
    world.after(atMs - world.nowMs, () => {
      // What is on its way when a partition begins does not arrive.
      if (this.#link(direction).isCut) this.swallowed += 1
      else arrive()
    })
  }

  #link([from, to]: Direction): Link {
    const name = `${from}→${to}`
    let link = this.#links.get(name)
    if (link === undefined) {
      link = { chance: this.#chance.stream('link', name), isCut: false, lastArrivalMs: 0 }
      this.#links.set(name, link)
    }
    return link
  }
}
