/**
 * The network of a cluster of processes: a link of its own from each member to each other one, and
 * from the clients to each member. So a fault can concern one pair, one direction, or a whole side.
 *
 * Links are TCP proxies of the test process, because these need no privileges, count what they hold,
 * and can be slow, damage and break. Packets are lost by `packet-network.ts`, where that is possible.
 */

import { ClientLinks } from './client-links.js'
import { FaultyLink } from './faulty-link.js'
import type { CutKind, FaultyNetwork, Pair } from './faulty-network.js'
import type { FlowCounters } from './one-way-flow.js'
import { preloaded } from './preloaded.js'
import type { MemberSpec, SpawnCommand } from '../process-cluster.js'

export class MemberNetwork implements FaultyNetwork {
  readonly #peerLinks: ReadonlyMap<string, FaultyLink>
  readonly #clientLinks: ClientLinks

  private constructor(peerLinks: ReadonlyMap<string, FaultyLink>, clientLinks: ClientLinks) {
    this.#peerLinks = peerLinks
    this.#clientLinks = clientLinks
  }

  static async between(specs: readonly MemberSpec[]): Promise<MemberNetwork> {
    const pairs = specs.flatMap((from) =>
      specs.filter((to) => to !== from).map((to) => ({ name: linkName(from.name, to.name), to })),
    )
    const peers = pairs.map(async ({ name, to }) => {
      return [name, await FaultyLink.open(name, portOf(to.peerUrl))] as const
    })
    return new MemberNetwork(new Map(await Promise.all(peers)), await ClientLinks.open(specs))
  }

  get names(): readonly string[] {
    return this.#clientLinks.names
  }

  get clientUrls(): readonly string[] {
    return this.#clientLinks.urls
  }

  /** The same command, for a member that reaches the others by its links only. */
  route(spec: MemberSpec, command: SpawnCommand): SpawnCommand {
    const others = Object.entries(spec.initialCluster).filter(([name]) => name !== spec.name)
    const ports = others.map(([name, url]) => [portOf(url), this.#link(spec.name, name).port])
    return preloaded(command, Object.fromEntries(ports) as Record<string, number>)
  }

  clientLink(name: string): FaultyLink {
    return this.#clientLinks.to(name)
  }

  /** Nothing gets from one member to the other, silently. */
  cut({ from, to }: Pair, kind: CutKind = 'packets'): void {
    this.#link(from, to).block('forth')
    if (kind === 'packets') this.#link(to, from).block('back')
    else this.#link(from, to).block('back')
  }

  mend({ from, to }: Pair): void {
    for (const direction of ['forth', 'back'] as const) this.#link(from, to).unblock(direction)
    this.#link(to, from).unblock('back')
  }

  /** Everything between all members is as it should be, and between them and the clients. */
  heal(): void {
    for (const link of this.#peerLinks.values()) link.heal()
    this.#clientLinks.heal()
  }

  delay({ from, to }: Pair, delayMs: number): void {
    this.#link(from, to).delay('forth', delayMs)
  }

  damage({ from, to }: Pair, chunks: number): void {
    this.#link(from, to).damage('forth', chunks)
  }

  /** Breaks every connection that the one has opened to the other. */
  reset({ from, to }: Pair): void {
    this.#link(from, to).reset()
  }

  /** What became of that which the one had for the other, on the streams of both. */
  counters({ from, to }: Pair): FlowCounters {
    const forth = this.#link(from, to).counters('forth')
    const back = this.#link(to, from).counters('back')
    return {
      passedBytes: forth.passedBytes + back.passedBytes,
      heldBytes: forth.heldBytes + back.heldBytes,
      delayedBytes: forth.delayedBytes + back.delayedBytes,
      damagedChunks: forth.damagedChunks + back.damagedChunks,
      resetConnections: forth.resetConnections,
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#peerLinks.values(), this.#clientLinks].map((one) => one.close()))
  }

  #link(from: string, to: string): FaultyLink {
    const link = this.#peerLinks.get(linkName(from, to))
    if (link === undefined) throw new Error(`there is no link from ${from} to ${to}`)
    return link
  }
}

const linkName = (from: string, to: string): string => `${from}→${to}`
const portOf = (url: string): number => Number(new URL(url).port)
