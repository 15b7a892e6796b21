/** A cluster of processes on hosts of their own, between which packets are lost. */

import { memberNames, startProcessCluster } from '../process-cluster.js'
import type { MemberSpec, ProcessClusterOptions } from '../process-cluster.js'
import { ClientLinks } from './client-links.js'
import type { FaultyCluster } from './faulty-cluster.js'
import type { FaultyLink } from './faulty-link.js'
import type { CutKind, FaultyNetwork, Pair } from './faulty-network.js'
import type { FlowCounters } from './one-way-flow.js'
import { PacketNetwork } from './packet-network.js'
import { preloaded } from './preloaded.js'

/**
 * The same as `startFaultyCluster`, but what is cut between members is packets. To be called in a
 * network namespace of its own. Members cannot be added to it.
 */
export async function startPacketCluster(options: ProcessClusterOptions): Promise<FaultyCluster> {
  const { size, memberCommand } = options
  const packets = await PacketNetwork.between(memberNames(size))
  let specs: readonly MemberSpec[] = []
  try {
    const cluster = await startProcessCluster({
      ...options,
      hostOf: (name) => packets.addressOf(name),
      prepare: (all) => {
        specs = all
        return Promise.resolve()
      },
      memberCommand: (spec) => packets.on(spec.name, preloaded(memberCommand(spec))),
    })
    const network = new PacketMemberNetwork(packets, await ClientLinks.open(specs))
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

/** Clients reach members by links, as elsewhere; they are on the router. */
class PacketMemberNetwork implements FaultyNetwork {
  readonly #packets: PacketNetwork
  readonly #clientLinks: ClientLinks

  constructor(packets: PacketNetwork, clientLinks: ClientLinks) {
    this.#packets = packets
    this.#clientLinks = clientLinks
  }

  get names(): readonly string[] {
    return this.#clientLinks.names
  }

  get clientUrls(): readonly string[] {
    return this.#clientLinks.urls
  }

  clientLink(name: string): FaultyLink {
    return this.#clientLinks.to(name)
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
    this.#clientLinks.heal()
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
    await this.#clientLinks.close()
    this.#packets.close()
  }
}
