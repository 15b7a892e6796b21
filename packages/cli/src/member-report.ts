/** How the members of a cluster are, by their own account and as far as they can be reached. */

import { HoldfastError, type Cluster, type Member, type MemberStatus } from '@holdfast/client'

export interface MemberReport {
  readonly endpoint: string
  readonly name: string
  /** Empty when an endpoint that nobody knows did not answer. */
  readonly id: string
  readonly reachable: boolean
  readonly version?: string
  readonly isLeader?: boolean
  /** The id of the member that it follows; undefined when it knows none. */
  readonly leader?: string | undefined
  readonly raftTerm?: number
  readonly raftIndex?: number
  readonly raftAppliedIndex?: number
  readonly revision?: number
  readonly dbSizeBytes?: number
  readonly latencyMs?: number
  /** What it says is wrong with it, or why it could not be asked. */
  readonly errors: readonly string[]
}

/** The endpoints that were given, and every other member of their cluster. */
export async function askAllMembers(cluster: Cluster): Promise<readonly MemberReport[]> {
  const { endpoints } = cluster
  const given = await Promise.all(endpoints.map((endpoint) => statusAt(cluster, endpoint)))
  // Nobody is left to tell who else there is.
  if (!given.some(({ reachable }) => reachable)) return given
  const members = await cluster.members({ serializable: true }).catch((error: unknown) => {
    if (error instanceof HoldfastError) return []
    throw error
  })
  const seen = new Set(given.map(({ id }) => id))
  const others = members.filter(
    ({ id, clientUrls }) => !seen.has(id) && !clientUrls.some((url) => endpoints.includes(url)),
  )
  const rest = await Promise.all(others.map((member) => statusOf(cluster, member)))
  return [...given, ...rest].map((status) => named(status, members))
}

async function statusOf(cluster: Cluster, member: Member): Promise<MemberReport> {
  const [endpoint] = member.clientUrls
  if (endpoint !== undefined) return { ...(await statusAt(cluster, endpoint)), id: member.id }
  const { id, name, peerUrls } = member
  const errors = [`has not started; its peer URL is ${peerUrls.join(', ')}`]
  return { endpoint: '', name, id, reachable: false, errors }
}

function named(status: MemberReport, members: readonly Member[]): MemberReport {
  const member = members.find(
    ({ id, clientUrls }) => id === status.id || clientUrls.includes(status.endpoint),
  )
  return member === undefined ? status : { ...status, name: member.name, id: member.id }
}

async function statusAt(cluster: Cluster, endpoint: string): Promise<MemberReport> {
  try {
    // The first answer makes the connection, so that the second tells how long an answer takes.
    await cluster.status(endpoint)
    const start = performance.now()
    return readStatus(await cluster.status(endpoint), performance.now() - start)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { endpoint, name: '', id: '', reachable: false, errors: [error.message] }
  }
}

function readStatus(status: MemberStatus, latencyMs: number): MemberReport {
  return {
    endpoint: status.endpoint,
    name: '',
    id: status.memberId,
    reachable: true,
    version: status.version,
    isLeader: status.isLeader,
    leader: status.leaderId,
    raftTerm: status.raftTerm,
    raftIndex: status.raftIndex,
    raftAppliedIndex: status.raftAppliedIndex,
    revision: status.revision,
    dbSizeBytes: status.dbSizeBytes,
    latencyMs: Math.round(latencyMs * 10) / 10,
    errors: status.errors,
  }
}
