/** Members that were started in the wrong place (catalogue 49, 50). */

import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askForClusters } from './cluster-description.js'
import { CoordinatorOptionsError, type CoordinatorOptions } from './coordinator-options.js'
import { MisplacedMemberError } from './misplaced-member-error.js'
import { startCoordinator, type Coordinator } from './start-coordinator.js'

const NAMES = ['a', 'b', 'c'] as const
type Name = (typeof NAMES)[number]

let parent: string
let cluster: Record<string, string>
const running: Coordinator[] = []

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'holdfast-misplaced-'))
  cluster = {}
  for (const name of NAMES) cluster[name] = await freeUrl()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((member) => member.close()))
  rmSync(parent, { recursive: true })
})

const taken = new Set<string>()

async function freeUrl(): Promise<string> {
  const url = await new Promise<string>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(`http://127.0.0.1:${port}`))
    })
  })
  if (taken.has(url)) return freeUrl()
  taken.add(url)
  return url
}

async function start(name: Name, options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const member = await startCoordinator({
    ...{ name, dataDirectory: directoryOf(name), initialCluster: cluster },
    ...{ clientUrl: 'http://127.0.0.1:0', heartbeatIntervalMs: 50, electionTimeoutMs: 500 },
    ...options,
  })
  running.push(member)
  return member
}

function directoryOf(name: string): string {
  return join(parent, name)
}

async function stop(member: Coordinator): Promise<void> {
  running.splice(running.indexOf(member), 1)
  await member.close()
}

async function awaitLeader(member: Coordinator): Promise<void> {
  await vi.waitUntil(() => member.status.leaderId !== undefined, { timeout: 20_000 })
}

async function addMember({ clientUrl }: Coordinator, peerUrl: string): Promise<void> {
  const body = JSON.stringify({ peerURLs: [peerUrl], isLearner: true })
  const response = await fetch(`${clientUrl}/v3/cluster/member/add`, { method: 'POST', body })
  expect(response.status).toBe(200)
}

async function moveMember({ clientUrl }: Coordinator, from: string, to: string): Promise<void> {
  const post = async (path: string, body: object): Promise<unknown> => {
    const url = `${clientUrl}/v3/cluster/member/${path}`
    return (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).json()
  }
  const { members } = (await post('list', {})) as { members: { ID: string; peerURLs: string[] }[] }
  const id = members.find(({ peerURLs }) => peerURLs.includes(from))?.ID
  await post('update', { ID: id, peerURLs: [to] })
}

/** What ends the member that is started so. */
async function endOf(name: Name, options: Partial<CoordinatorOptions>): Promise<Error> {
  return new Promise((resolve) => {
    start(name, { ...options, onFatal: resolve }).catch((error: unknown) => resolve(error as Error))
  })
}

/** The cluster has committed who has started; a new one has not yet. */
async function startAndAwait(...names: readonly Name[]): Promise<readonly Coordinator[]> {
  const members = await Promise.all(names.map((name) => start(name)))
  for (const member of members) await awaitLeader(member)
  for (const name of names) {
    await vi.waitUntil(async () => {
      const [described] = await askForClusters([cluster[name] ?? ''])
      return described?.started.length === names.length
    }, 20_000)
  }
  return members
}

const OTHER_CLUSTER = /the member at .* belongs to cluster \d+, and this one would belong to \d+/

describe('a member with an empty directory', () => {
  it.each([
    ['with another cluster token', () => ({ clusterToken: 'another' })],
    ['with another list', async () => ({ initialCluster: { ...cluster, b: await freeUrl() } })],
  ])('%s than the others is refused, and claims nothing', async (_, wrong) => {
    await startAndAwait('a', 'b')
    const refused = start('c', await wrong())
    await expect(refused).rejects.toThrow(CoordinatorOptionsError)
    await expect(refused).rejects.toThrow(OTHER_CLUSTER)
    expect(existsSync(join(directoryOf('c'), 'raft.db'))).toBe(false)
    await awaitLeader(await start('c'))
  })

  it('that nobody could warn before ends when the others are a cluster, and they go on', async () => {
    let end: Error | undefined
    await start('c', { clusterToken: 'another', onFatal: (error) => (end = error) })
    await startAndAwait('a', 'b')
    await vi.waitUntil(() => end !== undefined, { timeout: 20_000 })
    expect(end).toBeInstanceOf(MisplacedMemberError)
    expect(end?.message).toMatch(OTHER_CLUSTER)
  })
})

describe('a member that joins', () => {
  const existing = { initialClusterState: 'existing' } as const

  it.each([
    ['with another cluster token', () => ({ clusterToken: 'another' }), /another cluster token/],
    [
      'with a list of which the cluster does not know a member',
      async () => ({ initialCluster: { ...cluster, d: await freeUrl() } }),
      /has a member at .*, and cluster \d+ has none there/,
    ],
    [
      'with a list of itself alone',
      () => ({ initialCluster: { c: cluster['c'] ?? '' } }),
      /initialCluster\) must name the members of the existing cluster/,
    ],
  ])('%s is refused', async (_, wrong, message) => {
    const { a = '', c = '' } = cluster
    cluster = { a }
    const alone = await start('a')
    await awaitLeader(alone)
    await addMember(alone, c)
    cluster = { a, c }
    await expect(start('c', { ...existing, ...(await wrong()) })).rejects.toThrow(message)
    await awaitLeader(await start('c', existing))
  })

  it('is not who the directory that it is given belongs to', async () => {
    const members = await startAndAwait('a', 'b', 'c')
    await stop(members[2] as Coordinator)
    cpSync(directoryOf('c'), directoryOf('copy'), { recursive: true })
    const copy = { ...existing, dataDirectory: directoryOf('copy') }
    const initialCluster = { ...cluster, c: await freeUrl() }
    await expect(start('c', { ...copy, initialCluster })).rejects.toThrow(
      /copy belongs to member \d+ of cluster \d+, which is to be found at .*, and not at/,
    )
    // In the right place it is as good as the original.
    await awaitLeader(await start('c', copy))
  })

  it('is not let into a cluster with the directory of another', async () => {
    const { b = '', c = '' } = cluster
    const a = await freeUrl()
    cluster = { a }
    const alone = await start('a')
    await awaitLeader(alone)
    await stop(alone)
    cluster = { b, c }
    await startAndAwait('b', 'c')
    cluster = { a, b, c }
    await expect(start('a', existing)).rejects.toThrow(/and those who answer belong to cluster \d+/)
  })
})

describe('a member that is started again and does not say where it listens', () => {
  const silent = (name: string, peerUrl: string): Partial<CoordinatorOptions> => {
    return { initialClusterState: 'existing', initialCluster: { [name]: peerUrl } }
  }

  it('is told by the others, whom its directory lists, where they look for it', async () => {
    const members = await startAndAwait('a', 'b', 'c')
    await stop(members[2] as Coordinator)
    const refused = start('c', silent('c', await freeUrl()))
    await expect(refused).rejects.toThrow(CoordinatorOptionsError)
    await expect(refused).rejects.toThrow(
      /c belongs to member \d+ .* is to be found at .*, and not at .*: start it there/,
    )
    await awaitLeader(await start('c', silent('c', cluster['c'] ?? '')))
  })

  it('is told by its directory when nobody answers', async () => {
    const members = await startAndAwait('a', 'b', 'c')
    for (const member of members) await stop(member)
    const elsewhere = silent('c', await freeUrl())
    await expect(start('c', elsewhere)).rejects.toThrow(/is to be found at .*, and not at/)
    await start('c', silent('c', cluster['c'] ?? ''))
  })

  it('may listen anywhere when it is alone', async () => {
    cluster = { a: cluster['a'] ?? '' }
    const alone = await start('a')
    await awaitLeader(alone)
    await stop(alone)
    await awaitLeader(await start('a', silent('a', await freeUrl())))
  })
})

describe('two processes with one directory’s contents', () => {
  it('are found by the others, and the one that is not where it belongs ends', async () => {
    const members = await startAndAwait('a', 'b', 'c')
    await stop(members[2] as Coordinator)
    cpSync(directoryOf('c'), directoryOf('copy'), { recursive: true })
    const existing = { initialClusterState: 'existing' } as const
    const before = cluster
    cluster = { ...cluster, c: await freeUrl() }
    await moveMember(members[0] as Coordinator, before['c'] ?? '', cluster['c'] ?? '')
    await awaitLeader(await start('c', existing))
    // Nobody can be asked while the copy starts.
    for (const member of members.slice(0, 2)) await stop(member)
    const copy = { ...existing, dataDirectory: directoryOf('copy'), initialCluster: before }
    const end = endOf('c', copy)
    await vi.waitUntil(() => running.length === 2, { timeout: 20_000 })
    await Promise.all([start('a', existing), start('b', existing)])
    expect((await end).message).toMatch(/another process is member \d+|older than what others know/)
  })
})
