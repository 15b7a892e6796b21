/**
 * The links between hosts, one for each direction: how long something takes, whether it gets lost,
 * comes twice, or is overtaken. A link that is cut swallows what it is given, as a partition does.
 */

import type { Chance } from './chance.js'
import type { Host } from './host.js'

/**
 * From and to; clients have names of their own. What flows beside the rest of a direction, as log
 * entries do, has a channel: it may be cut alone, and is cut with the rest.
 */
export type Direction = readonly [from: string, to: string, channel?: 'log']

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
  /** What a connection sends again when the link is mended. */
  readonly held: (() => void)[]
  /** Faults that have cut it, and not ended. */
  readonly cuts: Set<symbol>
  /** When the last of what is on its way arrives. */
  lastArrivalMs: number
}

/** What is on its way. */
interface Parcel {
  readonly isOrdered: boolean
  readonly arrive: () => void
  /** A partition began before it arrived. */
  readonly lost: () => void
}

export class Links {
  /** When there is no storm. */
  #usual: LinkConditions
  /** The newest is the weather, and the one before it when that is over. */
  #storms: readonly LinkConditions[] = []
  /** Swallowed because a link was cut. */
  swallowed = 0
  lost = 0
  repeated = 0
  readonly #chance: Chance
  readonly #links = new Map<string, Link>()

  constructor(chance: Chance, conditions: LinkConditions) {
    this.#chance = chance
    this.#usual = conditions
  }

  get conditions(): LinkConditions {
    return this.#storms.at(-1) ?? this.#usual
  }

  /** What is different in it stands for as long as it lasts. Returns what ends it. */
  beginStorm(different: Partial<LinkConditions>): () => void {
    const storm = { ...this.#usual, ...different }
    this.#storms = [...this.#storms, storm]
    return () => {
      this.#storms = this.#storms.filter((other) => other !== storm)
    }
  }

  /** Returns what mends them, as far as nobody else has cut them too. */
  cut(directions: readonly Direction[]): () => void {
    const fault = Symbol()
    const links = directions.map((direction) => this.#link(direction))
    for (const link of links) link.cuts.add(fault)
    return () => {
      for (const link of links) {
        if (link.cuts.delete(fault) && link.cuts.size === 0) sendHeld(link)
      }
    }
  }

  isCut([from, to, channel]: Direction): boolean {
    const isCut = this.#link([from, to]).cuts.size > 0
    return isCut || (channel !== undefined && this.#link([from, to, channel]).cuts.size > 0)
  }

  /** From now on nothing is cut, and nothing gets lost. */
  heal(): void {
    for (const link of this.#links.values()) {
      link.cuts.clear()
      sendHeld(link)
    }
    this.#storms = []
    this.#usual = { ...this.#usual, loss: 0 }
  }

  /** @returns false if it was lost and whoever sent it could know in time */
  carry(from: Host, direction: Direction, arrive: () => void): boolean {
    const { loss, repetition } = this.conditions
    const link = this.#link(direction)
    if (this.isCut(direction)) {
      this.swallowed += 1
      return false
    }
    if (link.chance.happens(loss)) {
      this.lost += 1
      return false
    }
    const parcel = {
      isOrdered: this.conditions.isOrdered,
      arrive,
      lost: () => void (this.swallowed += 1),
    }
    this.#send(from, direction, parcel)
    if (link.chance.happens(repetition)) {
      this.repeated += 1
      this.#send(from, direction, parcel)
    }
    return true
  }

  /** As `carry`, but as a new connection does it: neither lost nor repeated, unless the link is cut. */
  connect(from: Host, direction: Direction, arrive: () => void): void {
    const lost = (): void => void (this.swallowed += 1)
    if (this.isCut(direction)) lost()
    else this.#send(from, direction, { isOrdered: true, arrive, lost })
  }

  /** On a connection: in order, and again when the link is mended, as TCP does it. */
  stream(from: Host, direction: Direction, arrive: () => void): void {
    const link = this.#link(direction)
    const again = (): void => this.stream(from, direction, arrive)
    const lost = (): void => {
      this.swallowed += 1
      link.held.push(again)
    }
    if (this.isCut(direction)) lost()
    else this.#send(from, direction, { isOrdered: true, arrive, lost })
  }

  #send({ world }: Host, direction: Direction, { isOrdered, arrive, lost }: Parcel): void {
    const link = this.#link(direction)
    const { minDelayMs, meanDelayMs } = this.conditions
    const takesMs = minDelayMs + link.chance.exponential(meanDelayMs)
    const atMs = isOrdered
      ? Math.max(world.nowMs + takesMs, link.lastArrivalMs)
      : world.nowMs + takesMs
    link.lastArrivalMs = Math.max(link.lastArrivalMs, atMs)
    world.after(atMs - world.nowMs, () => {
      // What is on its way when a partition begins does not arrive.
      if (this.isCut(direction)) lost()
      else arrive()
    })
  }

  #link([from, to, channel]: Direction): Link {
    const name = `${from}→${to}${channel ?? ''}`
    let link = this.#links.get(name)
    if (link === undefined) {
      const chance = this.#chance.stream('link', name)
      link = { chance, held: [], cuts: new Set(), lastArrivalMs: 0 }
      this.#links.set(name, link)
    }
    return link
  }
}

function sendHeld(link: Link): void {
  for (const again of link.held.splice(0)) again()
}
