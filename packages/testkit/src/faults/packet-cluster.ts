/** A cluster of processes on hosts of their own, between which packets are lost. */

import { startProcessCluster } from '../process-cluster.js'
import type { MemberSpec, ProcessClusterOptions } from '../process-cluster.js'
import type { FaultyCluster } from './faulty-cluster.js'
import { FaultyLink } from './faulty-link.js'
import type { CutKind, FaultyNetwork, Pair } from './faulty-network.js'
import type { FlowCounters } from './one-way-flow.js'
import { PacketNetwork } from './packet-network.js'

/**
 * The same as `startFaultyCluster`, but what is cut between members is packets. To be called in a
 * network namespace of its own. Members cannot be added to it.
 */
export async function startPacketCluster(options: ProcessClusterOptions): Promise<FaultyCluster> {
  const { size = 3, memberCommand } = options
  const names = Array.from({ length: size }, (_, index) => `m${index + 1}`)
  const packets = await PacketNetwork.between(names)
  let specs: readonly MemberSpec[] = []
  try {
    const cluster = await startProcessCluster({
      ...options,
      hostOf: (name) => packets.addressOf(name),
      prepare: (all) => {
        specs = all
        return Promise.resolve()
      },
      memberCommand: (spec) => packets.on(spec.name, endingWithTest(memberCommand(spec))),
    })
    const network = await PacketMemberNetwork.around(packets, specs)
    const close = async (): Promise<void> => {
      await cluster.close()
      await network.close()
    }
    return { cluster, network, close }
  } catch (error) {
    packets.close()
    throw error
  }
}

function endingWithTest(
  command: ReturnType<ProcessClusterOptions['memberCommand']>,
): typeof command {
  const preload = new URL('../../dist/faults/reroute.js', import.meta.url).href
  return { ...command, args: ['--import', preload, ...command.args] }
}

/** Clients reach members by links, as elsewhere; they are on the router. */
class PacketMemberNetwork implements FaultyNetwork {
  readonly names: readonly string[]
  readonly #packets: PacketNetwork
  readonly #clientLinks: ReadonlyMap<string, FaultyLink>

  private constructor(packets: PacketNetwork, clientLinks: ReadonlyMap<string, FaultyLink>) {
    this.names = [...clientLinks.keys()]
    this.#packets = packets
    this.#clientLinks = clientLinks
  }

  static async around(
    packets: PacketNetwork,
    specs: readonly MemberSpec[],
  ): Promise<PacketMemberNetwork> {
    const links = specs.map(async ({ name, clientUrl }) => {
      const { hostname, port } = new URL(clientUrl)
      return [name, await FaultyLink.open(`clients→${name}`, Number(port), hostname)] as const
    })
    return new PacketMemberNetwork(packets, new Map(await Promise.all(links)))
  }

  get clientUrls(): readonly string[] {
    return this.names.map((name) => `http://127.0.0.1:${this.clientLink(name).port}`)
  }

  clientLink(name: string): FaultyLink {
    const link = this.#clientLinks.get(name)
    if (link === undefined) throw new Error(`there is no member ${name}`)
    return link
  }

  cut(pair: Pair, kind: CutKind = 'packets'): void {
    if (kind !== 'packets') throw new Error('packets do not know which stream they belong to')
    this.#packets.cut(pair)
  }

  mend(pair: Pair): void {
    this.#packets.mend(pair)
  }

  heal(): void {
    this.#packets.mendAll()
    for (const link of this.#clientLinks.values()) {
      link.unblock('forth')
      link.unblock('back')
    }
  }

  delay(): void {
    throw new Error('packets are lost here, and not late')
  }

  damage(): void {
    throw new Error('packets are lost here, and not damaged')
  }

  reset(): void {
    throw new Error('packets are lost here, and no connection is reset')
  }

  /** What is lost counts as held: TCP sends it again. */
  counters(pair: Pair): FlowCounters {
    return {
      ...{ passedBytes: 0, delayedBytes: 0, damagedChunks: 0, resetConnections: 0 },
      heldBytes: this.#packets.lostBytes(pair),
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clientLinks.values()].map((link) => link.close()))
    this.#packets.close()
  }
}
