/** One real member, `holdfast serve` on a data directory of its own, as what is fuzzed. */

import { readFileSync } from 'node:fs'
import { serveCommand, startProcessCluster } from '@holdfast/testkit'
import { MemberClient } from './member-client.js'
import type { Target } from './target.js'

const PAGE_BYTES = 4_096
/** Of pino's levels: an error. What a member warns of may come of what it is sent. */
const ERROR_LEVEL = 50

export async function startMemberTarget(): Promise<Target> {
  const cluster = await startProcessCluster({
    size: 1,
    memberCommand: serveCommand(import.meta.url, ['--log-level', 'warn']),
  })
  const member = cluster.members[0]!
  const { hostname, port } = new URL(member.clientUrl)
  const address = { host: hostname, port: Number(port) }
  const client = new MemberClient(address)
  let seenLines = 0
  await client.tidy(true)
  return {
    address,
    pid: () => member.pid,
    rssBytes: () => rssOf(member.pid),
    complaints: () => {
      const lines = member.output().split('\n').slice(0, -1)
      const news = lines.slice(seenLines)
      seenLines = lines.length
      return news.filter(isComplaint)
    },
    isHealthy: () => client.isHealthy(),
    state: () => client.state(),
    tidy: (isWhole) => client.tidy(isWhole),
    close: async () => {
      client.close()
      await cluster.close()
    },
  }
}

/** Anything but a line of the log below an error, or what is said at the start. */
export function isComplaint(line: string): boolean {
  if (line === '' || /^holdfast: \S+ serves clients at /.test(line)) return false
  try {
    const { level } = JSON.parse(line) as { readonly level?: number }
    return level === undefined || level >= ERROR_LEVEL
  } catch {
    return true
  }
}

/** 0 for a process that is gone, and where the system does not say it. */
function rssOf(pid: number | undefined): number {
  try {
    const [, residentPages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return Number(residentPages) * PAGE_BYTES
  } catch {
    return 0
  }
}
