/**
 * A network of packets between processes: each in a network namespace of its own, and a router
 * between them that loses what one sends to another, without a word, in that direction only. So a
 * partition is what it is between machines: TCP retransmits, acknowledgements are lost as well, and
 * connections are neither refused nor reset.
 *
 * The router is the namespace of the process that makes the network, which is to be one of its own
 * (`unshare --net`): nothing of the machine's network is touched, and all of it goes with the process.
 * What is lost goes into a wire that nobody listens at, one for each direction, whose counters tell how
 * much it was.
 */

import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { SpawnCommand } from '../process-cluster.js'
import type { Pair } from './faulty-network.js'

const MOST_HOSTS = 9
/** Nobody has it: what is sent to it is lost. */
const NOBODY = '02:00:00:00:00:99'
const OWN_NAMESPACE = '/proc/self/ns/net'

/** Whether this machine lets this user make networks. */
export function canMakeNetworks(): boolean {
  if (process.platform !== 'linux') return false
  const probe = 'ip link add probe type veth peer name other && ip rule add from 10.9.9.9 table 7'
  return spawnSync('unshare', ['--net', 'sh', '-c', probe], { stdio: 'ignore' }).status === 0
}

export class PacketNetwork {
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #cut = new Set<string>()

  private constructor(hosts: ReadonlyMap<string, Host>) {
    this.#hosts = hosts
  }

  /** To be called in a network namespace that was made for it. */
  static async between(names: readonly string[]): Promise<PacketNetwork> {
    if (names.length > MOST_HOSTS) throw new Error(`more than ${MOST_HOSTS} hosts`)
    ip('link', 'set', 'lo', 'up')
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    const hosts = new Map<string, Host>()
    for (const [at, name] of names.entries()) hosts.set(name, await Host.make(at + 1))
    for (const from of hosts.values()) {
      for (const to of hosts.values()) if (from !== to) laySink(from, to)
    }
    return new PacketNetwork(hosts)
  }

  addressOf(name: string): string {
    return this.#host(name).address
  }

  /** The same command, on this host. */
  on(name: string, { command, args, env }: SpawnCommand): SpawnCommand {
    const { namespace } = this.#host(name)
    const own = { command: 'nsenter', args: [`--net=${namespace}`, command, ...args] }
    return env === undefined ? own : { ...own, env }
  }

  /** From now on nothing gets from the one to the other. */
  cut(pair: Pair): void {
    const { rule, sink } = this.#direction(pair)
    if (this.#cut.has(sink)) return
    this.#cut.add(sink)
    ip('rule', 'add', ...rule)
  }

  mend(pair: Pair): void {
    const { rule, sink } = this.#direction(pair)
    if (this.#cut.delete(sink)) ip('rule', 'del', ...rule)
  }

  mendAll(): void {
    for (const from of this.#hosts.keys()) {
      for (const to of this.#hosts.keys()) if (from !== to) this.mend({ from, to })
    }
  }

  /** Of what the one sent to the other, since the network was made. */
  lostBytes(pair: Pair): number {
    const { sink } = this.#direction(pair)
    const counters = new RegExp(`^ *${sink}:(.*)$`, 'm').exec(readFileSync('/proc/net/dev', 'utf8'))
    // Eight counters of what came in, and then those of what went out.
    return Number(counters?.[1]?.trim().split(/ +/)[8] ?? 0)
  }

  close(): void {
    this.mendAll()
    const hosts = [...this.#hosts.values()]
    for (const from of hosts) {
      for (const to of hosts) if (from !== to) ip('link', 'del', sinkOf(from, to))
    }
    for (const host of hosts) host.close()
  }

  #direction({ from, to }: Pair): { readonly rule: readonly string[]; readonly sink: string } {
    const [a, b] = [this.#host(from), this.#host(to)]
    return {
      rule: ['from', a.address, 'to', b.address, 'table', tableOf(a, b)],
      sink: sinkOf(a, b),
    }
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name)
    if (host === undefined) throw new Error(`there is no host ${name}`)
    return host
  }
}

class Host {
  readonly number: number
  readonly address: string
  readonly namespace: string
  /** Keeps the namespace there while nothing else runs in it. */
  readonly #holder: ChildProcess

  private constructor(number: number, holder: ChildProcess) {
    this.number = number
    this.#holder = holder
    this.address = `10.77.${number}.2`
    this.namespace = `/proc/${holder.pid ?? 0}/ns/net`
  }

  static async make(number: number): Promise<Host> {
    // It ends with this process, which holds the other end of its input.
    const holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] })
    const host = new Host(number, holder)
    const own = readlinkSync(OWN_NAMESPACE)
    while (readlinkSync(host.namespace) === own) await delay(1)
    const [near, far, router] = [`v${number}`, `p${number}`, `10.77.${number}.1`]
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far)
    ip('link', 'set', far, 'netns', String(holder.pid))
    ip('addr', 'add', `${router}/30`, 'dev', near)
    ip('link', 'set', near, 'up')
    host.#ip('link', 'set', 'lo', 'up')
    host.#ip('addr', 'add', `${host.address}/30`, 'dev', far)
    host.#ip('link', 'set', far, 'up')
    host.#ip('route', 'add', 'default', 'via', router)
    return host
  }

  close(): void {
    ip('link', 'del', `v${this.number}`)
    this.#holder.kill('SIGKILL')
  }

  #ip(...args: readonly string[]): void {
    execFileSync('nsenter', [`--net=${this.namespace}`, 'ip', ...args])
  }
}

/** Where the packets of this direction go while it is cut. */
function laySink(from: Host, to: Host): void {
  const [sink, gateway] = [sinkOf(from, to), `10.78.${from.number}${to.number}.2`]
  ip('link', 'add', sink, 'type', 'veth', 'peer', 'name', `${sink}x`)
  ip('addr', 'add', `10.78.${from.number}${to.number}.1/30`, 'dev', sink)
  ip('link', 'set', sink, 'up')
  ip('link', 'set', `${sink}x`, 'up')
  ip('neigh', 'add', gateway, 'lladdr', NOBODY, 'nud', 'permanent', 'dev', sink)
  ip('route', 'add', 'default', 'via', gateway, 'dev', sink, 'table', tableOf(from, to))
}

function sinkOf(from: Host, to: Host): string {
  return `lost${from.number}${to.number}`
}

function tableOf(from: Host, to: Host): string {
  return `1${from.number}${to.number}`
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args)
}
