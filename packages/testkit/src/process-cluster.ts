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

export interface MemberSpec {
  readonly name: string
  readonly clientUrl: string
  readonly peerUrl: string
  readonly dataDirectory: string
  /** Name to peer URL, of all members. */
  readonly initialCluster: Readonly<Record<string, string>>
}

/** The list as `holdfast serve` and etcd both take it: `m1=http://…,m2=http://…`. */
export function initialClusterText({ initialCluster }: MemberSpec): string {
  return Object.entries(initialCluster)
    .map(([name, url]) => `${name}=${url}`)
    .join()
}

export type MemberCommand = (spec: MemberSpec) => {
  readonly command: string
  readonly args: readonly string[]
}

export interface ProcessClusterOptions {
  readonly memberCommand: MemberCommand
  /** Default 3. */
  readonly size?: number
  /** How long to wait until every member serves linearizable reads. Default 30 s. */
  readonly startTimeoutMs?: number
}

export interface ProcessCluster {
  readonly members: readonly MemberProcess[]
  readonly endpoints: readonly string[]
  /** The member that leads now, waiting until there is one. */
  leader(): Promise<MemberProcess>
  /** Resolves when this member answers linearizable reads. */
  healthy(member: MemberProcess): Promise<void>
  /** Kills every member and removes their data. */
  close(): Promise<void>
}

export async function startProcessCluster(options: ProcessClusterOptions): Promise<ProcessCluster> {
  const { size = 3, startTimeoutMs = 30_000 } = options
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-cluster-'))
  const members = (await planMembers(size, directory)).map(
    (spec) =>
      new MemberProcess({
        name: spec.name,
        clientUrl: spec.clientUrl,
        logFile: join(directory, `${spec.name}.log`),
        ...options.memberCommand(spec),
      }),
  )
  for (const member of members) member.start()
  const cluster: ProcessCluster = {
    members,
    endpoints: members.map(({ clientUrl }) => clientUrl),
    leader: () => until('a leader', startTimeoutMs, () => findLeader(members)),
    healthy: async (member) => {
      const serves = async (): Promise<true | undefined> =>
        (await isHealthy(member)) ? true : undefined
      await until(`${member.name} to serve`, startTimeoutMs, serves)
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

async function planMembers(size: number, directory: string): Promise<readonly MemberSpec[]> {
  const ports = await freePorts(2 * size)
  const urlAt = (index: number): string => `http://127.0.0.1:${ports[index] ?? 0}`
  const names = Array.from({ length: size }, (_, index) => `m${index + 1}`)
  const initialCluster = Object.fromEntries(names.map((name, index) => [name, urlAt(size + index)]))
  return names.map((name, index) => ({
    name,
    clientUrl: urlAt(index),
    peerUrl: urlAt(size + index),
    dataDirectory: join(directory, name),
    initialCluster,
  }))
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

async function isHealthy(member: MemberProcess): Promise<boolean> {
  if (!member.running)
    throw new Error(`${member.name} has ended:\n${member.output().slice(-2_000)}`)
  const health = await ask(`${member.clientUrl}/health`, { method: 'GET' })
  return health !== undefined && health['health'] === 'true'
}

/** The member that says of itself that it leads, in the highest term that any member reports. */
async function findLeader(members: readonly MemberProcess[]): Promise<MemberProcess | undefined> {
  const answers = await Promise.all(members.map(statusOf))
  const newest = Math.max(...answers.map((answer) => answer?.term ?? 0))
  const index = answers.findIndex((answer) => answer?.leads === true && answer.term === newest)
  return members[index]
}

async function statusOf(
  member: MemberProcess,
): Promise<{ readonly leads: boolean; readonly term: number } | undefined> {
  if (!member.running) return undefined
  const url = `${member.clientUrl}/v3/maintenance/status`
  const status = await ask(url, { method: 'POST', body: '{}' })
  const header = status?.['header'] as Record<string, string> | undefined
  if (status === undefined || header === undefined) return undefined
  return {
    leads: status['leader'] !== undefined && status['leader'] === header['member_id'],
    term: Number(header['raft_term'] ?? 0),
  }
}

async function ask(url: string, init: RequestInit): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(1_000) })
    return response.ok ? ((await response.json()) as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
