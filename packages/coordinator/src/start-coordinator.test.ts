/** Members from start to end: what they take they give back, and what they were given they keep. */

import dns from 'node:dns'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CoordinatorOptionsError, type CoordinatorOptions } from './coordinator-options.js'
import { MemberRemovedError } from './member-removed-error.js'
import { startCoordinator, type Coordinator } from './start-coordinator.js'
import { StorageError } from './storage/open-storage.js'
import { refusalHeaders } from './transport/peer-protocol.js'

let parent: string
const running: Coordinator[] = []

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'holdfast-coordinator-'))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((coordinator) => coordinator.close()))
  rmSync(parent, { recursive: true, force: true })
})

async function start(options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const coordinator = await startCoordinator({
    dataDirectory: join(parent, 'data'),
    clientUrl: 'http://127.0.0.1:0',
    heartbeatIntervalMs: 20,
    electionTimeoutMs: 200,
    ...options,
  })
  running.push(coordinator)
  return coordinator
}

type Json = Readonly<Record<string, unknown>>

async function post({ clientUrl }: Coordinator, path: string, body: Json): Promise<Json> {
  const response = await fetch(clientUrl + path, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Json
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const put = (member: Coordinator, key: string, value: string): Promise<Json> =>
  post(member, '/v3/kv/put', { key: base64(key), value: base64(value) })

/** Its value, as this member itself knows it. */
async function valueAt(member: Coordinator, key: string): Promise<string | undefined> {
  const { kvs } = await post(member, '/v3/kv/range', { key: base64(key), serializable: true })
  const value = (kvs as Json[] | undefined)?.[0]?.['value'] as string | undefined
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}

/** A port that is free now, and held until it is let go. */
function holdPort(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      resolve({ server, port: (server.address() as { port: number }).port })
    })
  })
}

async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, holdPort))
  for (const { server } of held) await new Promise((resolve) => server.close(resolve))
  return held.map(({ port }) => port)
}

describe('a member alone', () => {
  it('serves, leads, and says where and who it is', async () => {
    const member = await start({ name: 'one' })
    expect(member.clientUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await put(member, 'k', 'v')
    expect(member.status).toMatchObject({ role: 'leader', leaderId: member.memberId })
    await vi.waitUntil(async () => {
      const { members } = await post(member, '/v3/cluster/member/list', {})
      return (members as Json[])[0]?.['name'] === 'one'
    })
    const { header, members } = await post(member, '/v3/cluster/member/list', {})
    expect(header).toMatchObject({ cluster_id: member.clusterId, member_id: member.memberId })
    expect(members).toEqual([
      {
        ID: member.memberId,
        name: 'one',
        peerURLs: ['http://127.0.0.1:2380'],
        clientURLs: [member.clientUrl],
      },
    ])
  })

  it('tells clients the address that it is told to tell', async () => {
    const clientURLs = ['http://public.example:2379']
    const member = await start({ advertisedClientUrls: clientURLs })
    await vi.waitUntil(async () => {
      const { members } = await post(member, '/v3/cluster/member/list', {})
      return JSON.stringify((members as Json[])[0]?.['clientURLs']) === JSON.stringify(clientURLs)
    })
  })

  it('measures itself', async () => {
    const member = await start()
    await put(member, 'k', 'v')
    const text = await (await fetch(`${member.clientUrl}/metrics`)).text()
    expect(text).toMatch(/^etcd_server_is_leader 1$/m)
    expect(text).toMatch(/^etcd_server_leader_changes_seen_total 1$/m)
    expect(text).toMatch(/^etcd_debugging_mvcc_current_revision 2$/m)
  })

  it('draws ids of leases that are positive int63', async () => {
    const member = await start()
    const ids = new Set<string>()
    for (let grant = 0; grant < 20; grant++) {
      const { ID } = await post(member, '/v3/lease/grant', { TTL: '60' })
      expect(BigInt(ID as string)).toBeGreaterThan(0n)
      expect(BigInt(ID as string)).toBeLessThan(2n ** 63n)
      ids.add(ID as string)
    }
    expect(ids.size).toBe(20)
  })

  it('keeps data, revision and leases over a restart', async () => {
    const before = await start()
    for (let write = 0; write < 5; write++) await put(before, 'k', String(write))
    await post(before, '/v3/lease/grant', { ID: '77', TTL: '600' })
    const { clusterId, memberId } = before
    await before.close()

    const after = await start()
    expect([after.clusterId, after.memberId]).toEqual([clusterId, memberId])
    const { header, kvs } = await post(after, '/v3/kv/range', { key: base64('k') })
    expect(header).toMatchObject({ revision: '6' })
    expect(kvs).toMatchObject([{ version: '5', mod_revision: '6', value: base64('4') }])
    expect(await post(after, '/v3/lease/leases', {})).toMatchObject({ leases: [{ ID: '77' }] })
  })

  it('keeps what it acknowledged of writes that were cut off by its closing', async () => {
    const member = await start()
    await put(member, 'first', '')
    const writes = Array.from({ length: 50 }, (_, at) => put(member, `k${at}`, 'v'))
    const closing = member.close()
    const outcomes = await Promise.allSettled(writes)
    await closing
    const again = await start()
    await put(again, 'last', '')
    for (const [at, { status }] of outcomes.entries()) {
      if (status === 'fulfilled') expect(await valueAt(again, `k${at}`)).toBe('v')
    }
  })
})

describe('closing', () => {
  it('is idempotent, and may be asked for twice at once', async () => {
    const member = await start()
    await Promise.all([member.close(), member.close()])
    await member.close()
    await expect(fetch(`${member.clientUrl}/version`)).rejects.toThrow()
  })

  it('ends watches and requests that wait', async () => {
    const [port] = await freePorts(1)
    const peerUrl = `http://127.0.0.1:${port}`
    const initialCluster = { a: peerUrl, b: 'http://127.0.0.1:1', c: 'http://127.0.0.1:2' }
    const member = await start({ name: 'a', peerUrl, initialCluster })
    const waiting = [
      put(member, 'k', 'v'),
      valueAt(member, 'k'),
      fetch(`${member.clientUrl}/health`),
    ]
    const outcomes = Promise.allSettled(waiting)
    await fetch(`${member.clientUrl}/version`)
    await member.close()
    expect((await outcomes)[0]).toMatchObject({ status: 'rejected' })
  })

  it('leaves nothing behind that keeps the process alive', async () => {
    await (await start()).close()
    const kinds = [
      'Timeout',
      'TCPServerWrap',
      'TCPSocketWrap',
      'MessagePort',
      'Immediate',
      'FSReqCallback',
    ]
    const held = (): string[] =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => kinds.includes(kind))
        .sort()
    await vi.waitUntil(() => !held().includes('TCPSocketWrap'))
    const before = held()
    for (let round = 0; round < 3; round++) {
      const member = await start({ dataDirectory: join(parent, `data${round}`) })
      await put(member, 'k', 'v')
      await member.close()
    }
    await vi.waitFor(() => expect(held()).toEqual(before))
  })
})

describe('a start that fails', () => {
  it('by a client port that is taken leaves the directory free', async () => {
    const { server, port } = await holdPort()
    const clientUrl = `http://127.0.0.1:${port}`
    await expect(start({ clientUrl })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await new Promise((resolve) => server.close(resolve))
    await put(await start({ clientUrl }), 'k', 'v')
  })

  it('by a peer port that is taken does too, and frees the client port', async () => {
    const { server, port } = await holdPort()
    const peerUrl = `http://127.0.0.1:${port}`
    const initialCluster = { a: peerUrl, b: 'http://127.0.0.1:1' }
    const options = { name: 'a', peerUrl, initialCluster }
    await expect(start(options)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await new Promise((resolve) => server.close(resolve))
    await start(options)
  })

  it('by a client port that is taken frees the peer port', async () => {
    const [held, [peerPort]] = [await holdPort(), await freePorts(1)]
    const peerUrl = `http://127.0.0.1:${peerPort}`
    const options = { name: 'a', peerUrl, initialCluster: { a: peerUrl, b: 'http://127.0.0.1:1' } }
    const clientUrl = `http://127.0.0.1:${held.port}`
    await expect(start({ ...options, clientUrl })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await new Promise((resolve) => held.server.close(resolve))
    await start(options)
  })

  it('by a directory that is in use does not disturb its user', async () => {
    const first = await start()
    const error: unknown = await start().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({ code: 'directoryInUse' })
    await put(first, 'k', 'v')
  })

  it.each([
    ['another cluster’s', { clusterToken: 'other' }],
    ['another member’s', { peerUrl: 'http://127.0.0.1:2999' }],
  ])('by a directory that is %s leaves it as it is', async (_, options) => {
    const first = await start()
    await put(first, 'k', 'v')
    await first.close()
    await expect(start(options)).rejects.toMatchObject({ code: 'foreignDirectory' })
    expect(await valueAt(await start(), 'k')).toBe('v')
  })

  it('by a log that is no database says so', async () => {
    mkdirSync(join(parent, 'data'))
    writeFileSync(join(parent, 'data', 'raft.db'), Buffer.alloc(8_192, 'x'))
    const error: unknown = await start().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({ code: 'damaged' })
  })

  it('by a fatal error while it waits for something else ends with it, and serves nobody', async () => {
    const others = createHttpServer((_request, response) => {
      response.writeHead(410, refusalHeaders(410, 'removed')).end()
    })
    await new Promise<void>((resolve) => others.listen(0, '127.0.0.1', resolve))
    const { port } = others.address() as { port: number }
    const [peerPort, clientPort] = await freePorts(2)
    const peerUrl = `http://127.0.0.1:${peerPort}`
    const initialCluster = { a: peerUrl, b: `http://127.0.0.1:${port}` }
    const fatal: Error[] = []
    // The name of the clients' address is looked up for as long as all is well.
    const { lookup } = dns
    const lookUp = (name: string, ...rest: [found: never]): void => {
      if (name !== 'slow.example') lookup(name, ...rest)
      else void vi.waitUntil(() => fatal.length > 0).then(() => lookup('127.0.0.1', ...rest))
    }
    const lookups = vi.spyOn(dns, 'lookup').mockImplementation(lookUp as never)
    const clientUrl = `http://slow.example:${clientPort}`
    const onFatal = (error: Error): void => void fatal.push(error)
    const where = { peerUrl, initialCluster, clientUrl, allowUnauthenticated: true }
    const options = { name: 'a', ...where, onFatal }
    const error: unknown = await start(options).catch((reason: unknown) => reason)
    lookups.mockRestore()
    others.close()
    expect(error).toBeInstanceOf(MemberRemovedError)
    expect(fatal).toEqual([error])
    await expect(fetch(`http://127.0.0.1:${clientPort}/version`)).rejects.toThrow('fetch failed')
  })

  it('by options that make no sense touches nothing', async () => {
    const error: unknown = await start({ name: '' }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CoordinatorOptionsError)
    // The directory can still become that of any cluster.
    await start({ clusterToken: 'another' })
  })
})

describe('three members', () => {
  async function startThree(): Promise<{
    all: Coordinator[]
    restart: (at: number) => Promise<Coordinator>
  }> {
    const ports = await freePorts(3)
    const names = ['a', 'b', 'c'] as const
    const initialCluster = Object.fromEntries(
      names.map((name, at) => [name, `http://127.0.0.1:${ports[at]}`]),
    )
    const restart = (at: number): Promise<Coordinator> => {
      const name = names[at]!
      return start({ name, dataDirectory: join(parent, name), initialCluster })
    }
    return { all: await Promise.all([0, 1, 2].map(restart)), restart }
  }

  async function leaderOf(members: readonly Coordinator[]): Promise<Coordinator> {
    const leaders = (): Coordinator[] => members.filter(({ status }) => status.role === 'leader')
    const followed = ({ memberId }: Coordinator): boolean =>
      members.every(({ status }) => status.leaderId === memberId)
    await vi.waitUntil(() => leaders().some(followed), { timeout: 15_000 })
    return leaders().find(followed)!
  }

  it('elect, replicate, survive the leader, and let a member catch up', async () => {
    const { all, restart } = await startThree()
    expect(new Set(all.map(({ clusterId }) => clusterId)).size).toBe(1)
    const leader = await leaderOf(all)
    const others = all.filter((member) => member !== leader)

    // A write through any of them is known to each.
    for (const [at, member] of all.entries()) await put(member, `k${at}`, 'v')
    for (const member of all) {
      await vi.waitUntil(async () => (await valueAt(member, 'k2')) === 'v')
    }
    await vi.waitUntil(
      async () => {
        const { members } = await post(others[0]!, '/v3/cluster/member/list', {})
        return (members as Json[]).every(({ clientURLs }) => clientURLs !== undefined)
      },
      { timeout: 5_000 },
    )

    await leader.close()
    const successor = await leaderOf(others)
    expect(successor.status.term).toBeGreaterThan(leader.status.term)
    await put(others[0]!, 'without', 'the leader')

    const again = await restart(all.indexOf(leader))
    expect(again.memberId).toBe(leader.memberId)
    await leaderOf([...others, again])
    await vi.waitUntil(async () => (await valueAt(again, 'without')) === 'the leader', {
      timeout: 5_000,
    })
    await put(again, 'again', 'v')
    expect(await post(again, '/v3/kv/range', { key: base64('k0') })).toMatchObject({ count: '1' })
  }, 60_000)

  it('answer leases from the leader, wherever they are asked', async () => {
    const { all } = await startThree()
    await leaderOf(all)
    await post(all[0]!, '/v3/lease/grant', { ID: '5', TTL: '60' })
    for (const member of all) {
      const kept = await post(member, '/v3/lease/keepalive', { ID: '5' })
      expect(kept).toMatchObject({ result: { ID: '5', TTL: '60' } })
      const left = await post(member, '/v3/lease/timetolive', { ID: '5' })
      expect(left).toMatchObject({ grantedTTL: '60' })
    }
  }, 60_000)
})
