/** What a contestant is: servers that the bench starts fresh for each round, and removes after it. */

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MemberCommand } from '@holdfast/testkit'
import { startProcessCluster } from '@holdfast/testkit'

export interface Contestant {
  readonly id: string
  readonly name: string
  /** Whether each member serves Prometheus metrics at `/metrics` of its endpoint. */
  readonly hasMetrics: boolean
  /** Why it cannot take part on this machine, or undefined if it can. */
  missing(): string | undefined
  /** Three durable members, or one server, on free loopback ports, ready to serve. */
  start(): Promise<RunningContestant>
}

export interface RunningContestant {
  readonly endpoints: readonly string[]
  readonly pids: readonly number[]
  close(): Promise<void>
}

/** Data lies below the system's temporary directory for all contestants, so on one disk. */
export function temporaryDirectory(what: string): string {
  return mkdtempSync(join(tmpdir(), `holdfast-bench-${what}-`))
}

export async function startThree(memberCommand: MemberCommand): Promise<RunningContestant> {
  const cluster = await startProcessCluster({ size: 3, memberCommand })
  await cluster.leader()
  return {
    endpoints: cluster.endpoints,
    get pids() {
      return cluster.members.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
    },
    close: () => cluster.close(),
  }
}
