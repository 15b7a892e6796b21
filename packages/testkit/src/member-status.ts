/** What a member says of itself, asked on its own port. */

import type { MemberProcess } from './member-process.js'

export interface MemberStatus {
  readonly leads: boolean
  readonly term: number
}

/** Undefined if it does not answer. */
export async function memberStatus(
  member: MemberProcess,
  timeoutMs = 1_000,
): Promise<MemberStatus | undefined> {
  if (!member.running) return undefined
  const url = `${member.clientUrl}/v3/maintenance/status`
  const status = await ask(url, { method: 'POST', body: '{}' }, timeoutMs)
  const header = status?.['header'] as Record<string, string> | undefined
  if (status === undefined || header === undefined) return undefined
  return {
    leads: status['leader'] !== undefined && status['leader'] === header['member_id'],
    term: Number(header['raft_term'] ?? 0),
  }
}

/** Whether it answers linearizable reads. */
export async function isHealthy(member: MemberProcess): Promise<boolean> {
  const health = await ask(`${member.clientUrl}/health`, { method: 'GET' }, 1_000)
  return health?.['health'] === 'true'
}

async function ask(
  url: string,
  init: RequestInit,
  timeoutMs: number,
): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
    return response.ok ? ((await response.json()) as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
