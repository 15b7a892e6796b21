/**
 * The network of a cluster of processes: a link of its own from each member to each other one, and
 * from the clients to each member. So a fault can concern one pair, one direction, or a whole side.
 *
 * Links are TCP proxies of the test process, because these need no privileges, count what they hold,
 * and can be slow, damage and break. Packets are lost by `packet-network.ts`, where that is possible.
 */

import { FaultyLink } from './faulty-link.js'
import type { CutKind, FaultyNetwork, Pair } from './faulty-network.js'
import type { FlowCounters } from './one-way-flow.js'
import type { MemberSpec, SpawnCommand } from '../process-cluster.js'

export class MemberNetwork implements FaultyNetwork {
  readonly names: readonly string[]
  readonly #peerLinks: ReadonlyMap<string, FaultyLink>
  readonly #clientLinks: ReadonlyMap<string, FaultyLink>

  private constructor(
    names: readonly string[],
    peerLinks: ReadonlyMap<string, FaultyLink>,
    clientLinks: ReadonlyMap<string, FaultyLink>,
  ) {
    this.names = names
    this.#peerLinks = peerLinks
    this.#clientLinks = clientLinks
  }

  static async between(specs: readonly MemberSpec[]): Promise<MemberNetwork> {
    const names = specs.map(({ name }) => name)
    const pairs = specs.flatMap((from) =>
      specs.filter((to) => to !== from).map((to) => ({ name: linkName(from.name, to.name), to })),
    )
    const peers = pairs.map(async ({ name, to }) => {
      return [name, await FaultyLink.open(name, portOf(to.peerUrl))] as const
    })
    const clients = specs.map(async ({ name, clientUrl }) => {
      return [name, await FaultyLink.open(linkName('clients', name), portOf(clientUrl))] as const
    })
    return new MemberNetwork(
      names,
      new Map(await Promise.all(peers)),
      new Map(await Promise.all(clients)),
    )
  }

  /** Where clients find the members. */
  get clientUrls(): readonly string[] {
    return this.names.map((name) => `http://127.0.0.1:${this.clientLink(name).port}`)
  }

  /** The same command, for a member that reaches the others by its links only. */
  route(spec: MemberSpec, { command, args, env }: SpawnCommand): SpawnCommand {
    const others = Object.entries(spec.initialCluster).filter(([name]) => name !== spec.name)
    const ports = others.map(([name, url]) => [portOf(url), this.#link(spec.name, name).port])
    const preload = new URL('../../dist/faults/reroute.js', import.meta.url).href
    return {
      command,
      args: ['--import', preload, ...args],
      env: { ...env, HOLDFAST_TEST_REROUTE: JSON.stringify(Object.fromEntries(ports)) },
    }
  }

  clientLink(name: string): FaultyLink {
    const link = this.#clientLinks.get(name)
    if (link === undefined) throw new Error(`there is no member ${name}`)
    return link
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
    for (const link of [...this.#peerLinks.values(), ...this.#clientLinks.values()]) {
      for (const direction of ['forth', 'back'] as const) {
        link.damage(direction, 0)
        link.delay(direction, 0)
        link.unblock(direction)
      }
    }
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
    const links = [...this.#peerLinks.values(), ...this.#clientLinks.values()]
    await Promise.all(links.map((link) => link.close()))
  }

  #link(from: string, to: string): FaultyLink {
    const link = this.#peerLinks.get(linkName(from, to))
    if (link === undefined) throw new Error(`there is no link from ${from} to ${to}`)
    return link
  }
}

const linkName = (from: string, to: string): string => `${from}→${to}`
const portOf = (url: string): number => Number(new URL(url).port)
