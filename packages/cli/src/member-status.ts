/** What the members of a cluster say of themselves and of each other. */

import { HoldfastError } from '@holdfast/client'
import { endpointsOf } from './client.js'
import type { Surroundings } from './command-host.js'
import { ask, askAny, integer, list, originOf, type Json } from './etcd-api.js'

export interface Member {
  readonly id: string
  /** Empty as long as it has not started. */
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
  readonly isLearner: boolean
}

export interface MemberStatus {
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

export async function listMembers(surroundings: Surroundings): Promise<readonly Member[]> {
  const answer = await askAny(surroundings, { path: '/cluster/member/list', body: {} })
  return list(answer['members']).map((member) => ({
    id: integer(member['ID']),
    name: text(member['name']),
    peerUrls: texts(member['peerURLs']),
    clientUrls: texts(member['clientURLs']),
    isLearner: member['isLearner'] === true,
  }))
}

/** The endpoints that were given, and every other member of their cluster. */
export async function askAllMembers(surroundings: Surroundings): Promise<readonly MemberStatus[]> {
  const endpoints = endpointsOf(surroundings).map(originOf)
  const given = await Promise.all(endpoints.map((endpoint) => statusAt(endpoint, surroundings)))
  const members = await listMembers(surroundings).catch((error: unknown) => {
    if (error instanceof HoldfastError) return []
    throw error
  })
  const seen = new Set(given.map(({ id }) => id))
  const others = members.filter(
    ({ id, clientUrls }) => !seen.has(id) && !clientUrls.some((url) => endpoints.includes(url)),
  )
  const rest = await Promise.all(others.map((member) => statusOf(member, surroundings)))
  return [...given, ...rest].map((status) => named(status, members))
}

async function statusOf(member: Member, surroundings: Surroundings): Promise<MemberStatus> {
  const [endpoint] = member.clientUrls
  if (endpoint !== undefined) return { ...(await statusAt(endpoint, surroundings)), id: member.id }
  const { id, name, peerUrls } = member
  const errors = [`has not started; its peer URL is ${peerUrls.join(', ')}`]
  return { endpoint: '', name, id, reachable: false, errors }
}

function named(status: MemberStatus, members: readonly Member[]): MemberStatus {
  const member = members.find(
    ({ id, clientUrls }) => id === status.id || clientUrls.includes(status.endpoint),
  )
  return member === undefined ? status : { ...status, name: member.name, id: member.id }
}

async function statusAt(endpoint: string, surroundings: Surroundings): Promise<MemberStatus> {
  const start = performance.now()
  try {
    const answer = await ask(endpoint, { path: '/maintenance/status', body: {} }, surroundings)
    return readStatus(endpoint, answer, performance.now() - start)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { endpoint, name: '', id: '', reachable: false, errors: [error.message] }
  }
}

function readStatus(endpoint: string, answer: Json, latencyMs: number): MemberStatus {
  const header = (answer['header'] ?? {}) as Json
  const id = integer(header['member_id'])
  const leader = integer(answer['leader'])
  return {
    endpoint,
    name: '',
    id,
    reachable: true,
    version: text(answer['version']),
    isLeader: leader === id,
    leader: leader === '0' ? undefined : leader,
    raftTerm: Number(integer(answer['raftTerm'])),
    raftIndex: Number(integer(answer['raftIndex'])),
    raftAppliedIndex: Number(integer(answer['raftAppliedIndex'])),
    revision: Number(integer(header['revision'])),
    dbSizeBytes: Number(integer(answer['dbSize'])),
    latencyMs: Math.round(latencyMs * 10) / 10,
    errors: texts(answer['errors']),
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
