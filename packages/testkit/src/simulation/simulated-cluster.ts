/** A simulated cluster: its members, the links between all hosts, and the clients that use it. */

import type { ConnectOptions, Holdfast, Transport } from '@holdfast/client'
import { encodePeerBook } from '@holdfast/coordinator/parts'
import type { MemberId, Membership } from '@holdfast/raft'
import { SimulatedClientTransport, type ClientNetworkOptions } from './client-network.js'
import { Host, type HostClock } from './host.js'
import { Links, type LinkConditions } from './links.js'
import { everyObserver } from './observer.js'
import { PeerNetwork } from './peer-network.js'
import { createClient } from './simulated-client.js'
import { SimulatedMember, type Observer, type Timing } from './simulated-member.js'
import type { World } from './world.js'

export interface ClusterOptions {
  readonly world: World
  readonly size: number
  readonly timing: Timing
  readonly conditions: LinkConditions
  readonly clockOf: (host: string) => HostClock
  readonly checkpointMs: number
  readonly keptEntries: number
  readonly leaseCheckpointMs?: number | undefined
  readonly diskMs: number
}

export class SimulatedCluster {
  readonly world: World
  readonly links: Links
  readonly #members: SimulatedMember[]
  readonly #options: ClusterOptions
  readonly #peers: PeerNetwork
  readonly #network: ClientNetworkOptions
  readonly #observers: Observer[] = []
  readonly #founders: readonly MemberId[]

  constructor(options: ClusterOptions) {
    const { world, size } = options
    this.world = world
    this.#options = options
    this.links = new Links(world.chance, options.conditions)
    this.#peers = new PeerNetwork(this.links)
    this.#founders = Array.from({ length: size }, (_, at) => String(at + 1))
    this.#members = this.#founders.map((id) => this.#create(id, foundingMembership(this.#founders)))
    const memberAt = (name: string): SimulatedMember | undefined =>
      this.#members.find(({ id }) => name === memberHost(id))
    this.#network = { links: this.links, memberAt }
  }

  /** All that there have ever been. */
  get members(): readonly SimulatedMember[] {
    return this.#members
  }

  /** Those that the leader counts to the cluster; without a leader, those that founded it. */
  get present(): readonly SimulatedMember[] {
    const membership = this.leader?.member?.node.membership
    const ids = membership ? [...membership.voters, ...membership.learners] : this.#founders
    return this.#members.filter(({ id }) => ids.includes(id))
  }

  /** One more, which the cluster has admitted with this membership. */
  join(id: MemberId, membership: Membership): SimulatedMember {
    const member = this.#create(id, membership)
    this.#members.push(member)
    member.start()
    return member
  }

  get endpoints(): readonly string[] {
    return this.#founders.map((id) => `http://${memberHost(id)}`)
  }

  observe(...observers: readonly Observer[]): void {
    this.#observers.push(...observers)
  }

  start(): void {
    for (const member of this.members) member.start()
  }

  /** The member that leads in the highest term, as far as it knows. */
  get leader(): SimulatedMember | undefined {
    let leader: SimulatedMember | undefined
    for (const member of this.members) {
      const status = member.member?.node.status
      if (status?.role !== 'leader') continue
      if (status.term > (leader?.member?.node.status.term ?? 0)) leader = member
    }
    return leader
  }

  #create(id: MemberId, membership: Membership): SimulatedMember {
    const { world, timing, checkpointMs, keptEntries, leaseCheckpointMs, clockOf, diskMs } =
      this.#options
    const member = new SimulatedMember({
      ...{ world, id, network: this.#peers, timing, checkpointMs, keptEntries, membership },
      leaseCheckpointMs,
      ...{ observer: everyObserver(this.#observers), clock: clockOf(id) },
    })
    member.disk.drive.meanMs = diskMs
    return member
  }

  /** A client process of its own. */
  client(
    name: string,
    options: Partial<ConnectOptions> = {},
    observer: Pick<ClientNetworkOptions, 'onSend' | 'onAnswer'> = {},
  ): { host: Host; client: Holdfast; transport: Transport } {
    const host = new Host(this.world, name, this.#options.clockOf(name))
    const { endpoints } = this
    const network = { ...this.#network, ...observer }
    return {
      host,
      client: createClient(host, network, { endpoints, ...options }),
      transport: new SimulatedClientTransport(host, network),
    }
  }
}

export function memberHost(id: MemberId): string {
  return `m${id}`
}

function foundingMembership(ids: readonly MemberId[]): Membership {
  const urls = new Map(ids.map((id) => [id, [`http://peer-${id}`]] as const))
  return { voters: ids, learners: [], context: encodePeerBook({ urls, removed: [] }) }
}
