/**
 * A cluster of real processes on free loopback ports, each member with a data directory of its own
 * below one temporary directory. What a member is, is the caller's: `holdfast serve` or `etcd`.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from './free-ports.js'
import { MemberProcess } from './member-process.js'
import { isHealthy, memberStatus } from './member-status.js'

export interface MemberSpec {
  readonly name: string
  readonly clientUrl: string
  readonly peerUrl: string
  readonly dataDirectory: string
  /** Name to peer URL, of all members. */
  readonly initialCluster: Readonly<Record<string, string>>
  /** Whether the cluster is founded with this member, or exists and has added it. */
  readonly initialClusterState: 'new' | 'existing'
}

/** The list as `holdfast serve` and etcd both take it: `m1=http://…,m2=http://…`. */
export function initialClusterText({ initialCluster }: MemberSpec): string {
  return Object.entries(initialCluster)
    .map(([name, url]) => `${name}=${url}`)
    .join()
}

export interface SpawnCommand {
  readonly command: string
  readonly args: readonly string[]
  /** In addition to this process's own. */
  readonly env?: Readonly<Record<string, string>>
}

export type MemberCommand = (spec: MemberSpec) => SpawnCommand

export interface ProcessClusterOptions {
  readonly memberCommand: MemberCommand
  /** Prepares what the commands need, when it is known who will be a member and where. */
  readonly prepare?: (specs: readonly MemberSpec[]) => Promise<void>
  /** Default 3. */
  readonly size?: number
  /** The address of this member's host. Default: this machine's loopback. */
  readonly hostOf?: (name: string) => string
  /** How long to wait until every member serves linearizable reads. Default 30 s. */
  readonly startTimeoutMs?: number
}

export interface ProcessCluster {
  /** Those of now. */
  readonly members: readonly MemberProcess[]
  readonly endpoints: readonly string[]
  /** Starts one more member, when `admit` has added it to the cluster at this peer URL. */
  addMember(admit: (peerUrl: string) => Promise<void>): Promise<MemberProcess>
  /** No longer counts a member that the cluster has removed. Resolves when it has ended by itself. */
  forgetMember(member: MemberProcess): Promise<void>
  /** The member that leads now, waiting until there is one. */
  leader(): Promise<MemberProcess>
  /** Resolves when this member answers linearizable reads. */
  healthy(member: MemberProcess): Promise<void>
  /** Kills every member and removes their data. */
  close(): Promise<void>
}

export async function startProcessCluster(options: ProcessClusterOptions): Promise<ProcessCluster> {
  const { size, startTimeoutMs = 30_000, hostOf = () => '127.0.0.1' } = options
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-cluster-'))
  const specs = [...(await planMembers(memberNames(size), directory, hostOf))]
  await options.prepare?.(specs)
  const startMember = (spec: MemberSpec): MemberProcess => {
    const member = new MemberProcess({
      name: spec.name,
      clientUrl: spec.clientUrl,
      logFile: join(directory, `${spec.name}.log`),
      ...options.memberCommand(spec),
    })
    member.start()
    return member
  }
  const members = specs.map(startMember)
  const cluster: ProcessCluster = {
    members,
    get endpoints() {
      return members.map(({ clientUrl }) => clientUrl)
    },
    addMember: async (admit) => {
      const others = specs.filter(({ name }) => members.some((member) => member.name === name))
      const spec = await planNewcomer(`m${specs.length + 1}`, others, directory)
      specs.push(spec)
      await admit(spec.peerUrl)
      const member = startMember(spec)
      members.push(member)
      return member
    },
    forgetMember: async (member) => {
      const hasEnded = (): Promise<true | undefined> =>
        Promise.resolve(member.running ? undefined : true)
      await until(`${member.name} to end`, startTimeoutMs, hasEnded)
      members.splice(members.indexOf(member), 1)
    },
    leader: () => until('a leader', startTimeoutMs, () => findLeader(members)),
    healthy: async (member) => {
      await until(`${member.name} to serve`, startTimeoutMs, () => servesNow(member))
    },
    close: async () => {
      await Promise.all(members.map((member) => member.kill()))
      rmSync(directory, { recursive: true, force: true })
    },
  }
  try {
    await Promise.all(members.map((member) => cluster.healthy(member)))
    return cluster
  } catch (error) {
    const output = members.map((member) => `--- ${member.name}\n${member.output().slice(-2_000)}`)
    await cluster.close()
    throw new Error(`the cluster did not start\n${output.join('\n')}`, { cause: error })
  }
}

/** Of the founders. */
export function memberNames(size = 3): readonly string[] {
  return Array.from({ length: size }, (_, index) => `m${index + 1}`)
}

async function planMembers(
  names: readonly string[],
  directory: string,
  hostOf: (name: string) => string,
): Promise<readonly MemberSpec[]> {
  const size = names.length
  const ports = await freePorts(2 * size)
  const urlAt = (index: number): string => {
    return `http://${hostOf(names[index % size] ?? '')}:${ports[index] ?? 0}`
  }
  const initialCluster = Object.fromEntries(names.map((name, index) => [name, urlAt(size + index)]))
  return names.map((name, index) => ({
    name,
    clientUrl: urlAt(index),
    peerUrl: urlAt(size + index),
    dataDirectory: join(directory, name),
    initialCluster,
    initialClusterState: 'new',
  }))
}

async function planNewcomer(
  name: string,
  others: readonly MemberSpec[],
  directory: string,
): Promise<MemberSpec> {
  const [clientPort, peerPort] = await freePorts(2)
  const peerUrl = `http://127.0.0.1:${peerPort ?? 0}`
  const known = others.map((other) => [other.name, other.peerUrl] as const)
  return {
    name,
    clientUrl: `http://127.0.0.1:${clientPort ?? 0}`,
    peerUrl,
    dataDirectory: join(directory, name),
    initialCluster: Object.fromEntries([...known, [name, peerUrl]]),
    initialClusterState: 'existing',
  }
}

async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await delay(20)
  }
}

/** @throws when the process has ended, as waiting for it would be in vain */
async function servesNow(member: MemberProcess): Promise<true | undefined> {
  if (!member.running)
    throw new Error(`${member.name} has ended:\n${member.output().slice(-2_000)}`)
  return (await isHealthy(member)) ? true : undefined
}

/** The member that says of itself that it leads, in the highest term that any member reports. */
async function findLeader(members: readonly MemberProcess[]): Promise<MemberProcess | undefined> {
  const answers = await Promise.all(members.map((member) => memberStatus(member)))
  const newest = Math.max(...answers.map((answer) => answer?.term ?? 0))
  const index = answers.findIndex((answer) => answer?.leads === true && answer.term === newest)
  return members[index]
}
