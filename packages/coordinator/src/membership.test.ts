/** Members that come, change and go, over real peer connections (thesis §4; catalogue 44–50). */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CoordinatorOptions } from './coordinator-options.js'
import { MemberRemovedError } from './member-removed-error.js'
import { startCoordinator, type Coordinator } from './start-coordinator.js'

type Json = Readonly<Record<string, unknown>>

/** On a busy machine too. */
const PATIENCE = { timeout: 20_000, interval: 20 }

let parent: string
const running = new Set<Coordinator>()

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'holdfast-membership-'))
})
afterEach(async () => {
  await Promise.all([...running].map((coordinator) => coordinator.close()))
  running.clear()
  rmSync(parent, { recursive: true, force: true })
})

async function freeUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

async function start(name: string, options: Partial<CoordinatorOptions>): Promise<Coordinator> {
  const coordinator = await startCoordinator({
    name,
    dataDirectory: join(parent, name),
    clientUrl: 'http://127.0.0.1:0',
    heartbeatIntervalMs: 20,
    electionTimeoutMs: 200,
    ...options,
  })
  running.add(coordinator)
  return coordinator
}

async function stop(coordinator: Coordinator): Promise<void> {
  running.delete(coordinator)
  await coordinator.close()
}

async function post({ clientUrl }: Coordinator, path: string, body: Json = {}): Promise<Json> {
  const response = await fetch(clientUrl + path, { method: 'POST', body: JSON.stringify(body) })
  const json = (await response.json()) as Json
  if (!response.ok) throw new Error(String(json['message']))
  return json
}

const key = Buffer.from('k').toString('base64')

async function put(member: Coordinator, value: string): Promise<void> {
  await post(member, '/v3/kv/put', { key, value: Buffer.from(value).toString('base64') })
}

/** As this member itself knows it. */
async function valueAt(member: Coordinator): Promise<string | undefined> {
  const { kvs } = await post(member, '/v3/kv/range', { key, serializable: true })
  const value = (kvs as Json[] | undefined)?.[0]?.['value'] as string | undefined
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}

async function membersOf(member: Coordinator): Promise<readonly Json[]> {
  return (await post(member, '/v3/cluster/member/list', { linearizable: true }))[
    'members'
  ] as readonly Json[]
}

async function activeVoters({ clientUrl }: Coordinator): Promise<number> {
  const text = await (await fetch(`${clientUrl}/metrics`)).text()
  return Number(/^holdfast_active_voters (\d+)$/m.exec(text)?.[1])
}

interface Joined {
  readonly member: Coordinator
  readonly url: string
  readonly options: Partial<CoordinatorOptions>
}

/** A cluster that begins with one member and grows. */
class Grown {
  readonly urls: Record<string, string> = {}
  readonly members: Coordinator[] = []

  get first(): Coordinator {
    return this.members[0]!
  }

  async found(): Promise<this> {
    this.urls['a'] = await freeUrl()
    this.members.push(await start('a', { peerUrl: this.urls['a'] }))
    await put(this.first, 'first')
    return this
  }

  async add(name: string, isLearner = true): Promise<string> {
    this.urls[name] = await freeUrl()
    const { member } = await post(this.first, '/v3/cluster/member/add', {
      peerURLs: [this.urls[name]],
      isLearner,
    })
    return (member as Json)['ID'] as string
  }

  async join(name: string, more: Partial<CoordinatorOptions> = {}): Promise<Joined> {
    const url = this.urls[name]!
    const options = {
      ...{ peerUrl: url, initialCluster: { ...this.urls } },
      initialClusterState: 'existing',
      ...more,
    } as const
    const member = await start(name, options)
    this.members.push(member)
    return { member, url, options }
  }

  async promote(id: string): Promise<void> {
    await vi.waitFor(() => post(this.first, '/v3/cluster/member/promote', { ID: id }), PATIENCE)
  }

  /** Adds, starts and promotes one after the other. */
  async growTo(...names: readonly string[]): Promise<this> {
    for (const name of names) {
      const id = await this.add(name)
      await this.join(name)
      await this.promote(id)
    }
    return this
  }

  async leader(): Promise<Coordinator> {
    return vi.waitUntil(() => this.members.find(({ status }) => status.role === 'leader'), PATIENCE)
  }
}

describe('a cluster of one', () => {
  it('grows to three, member by member, and then survives the loss of any (thesis §4.1)', async () => {
    const cluster = await (await new Grown().found()).growTo('b', 'c')
    expect((await membersOf(cluster.first)).map(({ name }) => name).sort()).toEqual(['a', 'b', 'c'])
    const [founder, b, c] = cluster.members
    await stop(founder!)
    await vi.waitFor(() => put(b!, 'without the founder'), PATIENCE)
    await vi.waitUntil(async () => (await valueAt(c!)) === 'without the founder', PATIENCE)
  })

  it('lists a newcomer as a learner without a name until it has started and is promoted', async () => {
    const cluster = await new Grown().found()
    const id = await cluster.add('b')
    const listed = (await membersOf(cluster.first)).find((member) => member['ID'] === id)
    expect(listed).toEqual({ ID: id, peerURLs: [cluster.urls['b']], isLearner: true })
    const { member } = await cluster.join('b')
    expect(member.memberId).toBe(id)
    await vi.waitUntil(async () => (await valueAt(member)) === 'first', PATIENCE)
    expect(await post(member, '/v3/maintenance/status')).toMatchObject({ isLearner: true })
    await cluster.promote(id)
    await vi.waitFor(async () => {
      expect(await post(member, '/v3/maintenance/status')).not.toHaveProperty('isLearner')
    }, PATIENCE)
  })
})

describe('a second voter', () => {
  it('finds itself listed before it is committed, since that takes its own vote', async () => {
    const cluster = await new Grown().found()
    const adding = cluster.add('b', false)
    await vi.waitFor(() => cluster.join('b'), PATIENCE)
    expect(await adding).toBe(cluster.members[1]!.memberId)
    await put(cluster.members[1]!, 'by both')
  })
})

describe('a member that joined', () => {
  it('is started again as it was, and knows everybody', async () => {
    const cluster = await new Grown().found()
    const id = await cluster.add('b')
    const { member, options } = await cluster.join('b')
    await cluster.promote(id)
    await stop(member)
    const again = await start('b', options)
    expect(again.memberId).toBe(id)
    await vi.waitFor(() => put(again, 'again'), PATIENCE)
    expect(await membersOf(again)).toHaveLength(2)
  })

  it('is caught up by a snapshot when the log does not reach back (Raft §7)', async () => {
    const cluster = new Grown()
    cluster.urls['a'] = await freeUrl()
    const founding = { peerUrl: cluster.urls['a'], snapshotCatchUpEntries: 0 }
    const founder = await start('a', founding)
    for (let at = 0; at < 50; at += 1) await put(founder, `${at}`)
    // Closing makes the state durable; the log is cut behind it soon after the next start.
    await stop(founder)
    cluster.members.push(await start('a', founding))
    await put(cluster.first, 'newest')
    const id = await cluster.add('b')
    const { member } = await cluster.join('b')
    await vi.waitUntil(async () => (await valueAt(member)) === 'newest', PATIENCE)
    await cluster.promote(id)
    expect(await membersOf(member)).toHaveLength(2)
  })

  it('must have been added before', async () => {
    const cluster = await new Grown().found()
    await cluster.growTo('b')
    cluster.urls['c'] = await freeUrl()
    await expect(cluster.join('c')).rejects.toThrow(/lists no member at .* add it first/)
  })

  it('needs somebody to ask', async () => {
    const urls = { a: await freeUrl(), b: await freeUrl() }
    const options = {
      peerUrl: urls.b,
      initialCluster: urls,
      initialClusterState: 'existing',
    } as const
    await expect(start('b', options)).rejects.toThrow('none of the members of the existing cluster')
  })
})

describe('a member whose data is gone', () => {
  it('is refused by who has seen it before, for it has forgotten its votes (catalogue 34)', async () => {
    const urls = { a: await freeUrl(), b: await freeUrl(), c: await freeUrl() }
    const founding = (name: keyof typeof urls): Promise<Coordinator> =>
      start(name, { peerUrl: urls[name], initialCluster: urls })
    const [a, b] = await Promise.all([founding('a'), founding('b'), founding('c')])
    await vi.waitUntil(async () => (await membersOf(a)).every((member) => member['name']), PATIENCE)
    await stop(b)
    rmSync(join(parent, 'b'), { recursive: true })
    await expect(founding('b')).rejects.toThrow(/has started before, with data that is not in/)
    await post(a, '/v3/cluster/member/remove', { ID: b.memberId })
    const { member } = await post(a, '/v3/cluster/member/add', {
      peerURLs: [urls.b],
      isLearner: true,
    })
    const existing = { peerUrl: urls.b, initialCluster: urls, initialClusterState: 'existing' }
    const again = await start('b', existing as Partial<CoordinatorOptions>)
    expect(again.memberId).toBe((member as Json)['ID'])
  })

  it('of a member that joined later too', async () => {
    const cluster = await (await new Grown().found()).growTo('b')
    const { first, members } = cluster
    await vi.waitUntil(async () => (await membersOf(first)).every((one) => one['name']), PATIENCE)
    await stop(members[1]!)
    rmSync(join(parent, 'b'), { recursive: true })
    await expect(cluster.join('b')).rejects.toThrow(/has started before/)
  })
})

describe('a member that is removed', () => {
  it('stops with a reason, and the others go on', async () => {
    const cluster = await (await new Grown().found()).growTo('b')
    const id = await cluster.add('c')
    const ended = new Promise<Error>((resolve) => {
      void cluster.join('c', { onFatal: resolve }).then(() => cluster.promote(id))
    })
    await vi.waitUntil(
      async () => (await membersOf(cluster.first)).every((m) => !m['isLearner'] && m['name']),
      PATIENCE,
    )
    const { members } = await post(cluster.first, '/v3/cluster/member/remove', { ID: id })
    expect(members).toHaveLength(2)
    expect(await ended).toBeInstanceOf(MemberRemovedError)
    await put(cluster.first, 'without it')
  })

  it('may be the leader, which hands over and stops (thesis §4.2.2)', async () => {
    let ended: Error | undefined
    const cluster = new Grown()
    cluster.urls['a'] = await freeUrl()
    const onFatal = (error: Error): void => void (ended = error)
    cluster.members.push(await start('a', { peerUrl: cluster.urls['a'], onFatal }))
    await cluster.growTo('b', 'c')
    const [a, b, c] = cluster.members
    // A busy machine may have made another one lead meanwhile.
    await vi.waitFor(async () => {
      const leader = await cluster.leader()
      const target = { targetID: a!.memberId }
      if (leader !== a) await post(leader, '/v3/maintenance/transfer-leadership', target)
      expect(await cluster.leader()).toBe(a)
    }, PATIENCE)
    await post(b!, '/v3/cluster/member/remove', { ID: a!.memberId })
    await vi.waitFor(() => put(c!, 'with a new leader'), PATIENCE)
    expect(await membersOf(c!)).toHaveLength(2)
    await vi.waitUntil(() => ended instanceof MemberRemovedError, PATIENCE)
  })

  it('leads until its removal is committed, however long an election would take', async () => {
    const timing = { electionTimeoutMs: 4_000 }
    const cluster = new Grown()
    cluster.urls['a'] = await freeUrl()
    let ended: Error | undefined
    const onFatal = (error: Error): void => void (ended = error)
    cluster.members.push(await start('a', { peerUrl: cluster.urls['a'], onFatal, ...timing }))
    for (const name of ['b', 'c']) {
      const id = await cluster.add(name)
      await cluster.join(name, timing)
      await cluster.promote(id)
    }
    const [leader, b, c] = cluster.members
    const begun = performance.now()
    await post(leader!, '/v3/cluster/member/remove', { ID: leader!.memberId })
    await put(b!, 'with a new leader')
    expect(performance.now() - begun).toBeLessThan(timing.electionTimeoutMs)
    expect(await membersOf(c!)).toHaveLength(2)
    await vi.waitUntil(() => ended instanceof MemberRemovedError, PATIENCE)
  })

  it('is told so at its next start', async () => {
    const cluster = await (await new Grown().found()).growTo('b')
    const id = await cluster.add('c')
    const { member, options } = await cluster.join('c')
    await cluster.promote(id)
    await stop(member)
    await post(cluster.first, '/v3/cluster/member/remove', { ID: id })
    const ended = new Promise<Error>((resolve) => {
      void start('c', { ...options, onFatal: resolve })
    })
    expect(await ended).toBeInstanceOf(MemberRemovedError)
  })
})

describe('a change is refused, with etcd’s message,', () => {
  it('when it makes no sense', async () => {
    const cluster = await (await new Grown().found()).growTo('b')
    const { first, urls } = cluster
    const path = '/v3/cluster/member'
    await expect(post(first, `${path}/remove`, { ID: '7' })).rejects.toThrow('member not found')
    await expect(post(first, `${path}/promote`, { ID: '7' })).rejects.toThrow('member not found')
    await expect(post(first, `${path}/promote`, { ID: first.memberId })).rejects.toThrow(
      'can only promote a learner member',
    )
    await expect(post(first, `${path}/add`, { peerURLs: [urls['b']] })).rejects.toThrow(
      'Peer URLs already exists',
    )
    for (const peerURLs of [[], ['x'], ['http://h'], ['http://h:1/path']]) {
      await expect(post(first, `${path}/add`, { peerURLs })).rejects.toThrow(
        'given member URLs are invalid',
      )
    }
    await cluster.add('c')
    await expect(cluster.add('d')).rejects.toThrow('too many learner members in cluster')
    expect(await membersOf(first)).toHaveLength(3)
  })

  it('when it would leave no majority that is up (catalogue 46)', async () => {
    const cluster = await (await new Grown().found()).growTo('b', 'c')
    const [, b, c] = cluster.members
    const leader = await cluster.leader()
    const other = leader === c ? b! : c!
    const survivor = [...cluster.members].find((one) => one !== leader && one !== other)!
    await stop(other)
    await vi.waitUntil(async () => (await activeVoters(leader)) === 2, PATIENCE)
    const refused = (run: () => Promise<unknown>): Promise<void> =>
      expect(run()).rejects.toThrow('unhealthy cluster')
    await refused(() => post(leader, '/v3/cluster/member/remove', { ID: survivor.memberId }))
    await refused(() =>
      post(leader, '/v3/cluster/member/add', { peerURLs: ['http://127.0.0.1:9'] }),
    )
    // The one that is gone may be removed: those who are left are the majority of two.
    await post(leader, '/v3/cluster/member/remove', { ID: other.memberId })
    expect(await membersOf(leader)).toHaveLength(2)
  })

  it('when a learner has not caught up', async () => {
    const cluster = await new Grown().found()
    const id = await cluster.add('b')
    await expect(post(cluster.first, '/v3/cluster/member/promote', { ID: id })).rejects.toThrow(
      /in sync with leader|unhealthy|not enough started/,
    )
  })
})

describe('the leadership', () => {
  it('is handed to a voter, without an election’s pause (thesis §3.10)', async () => {
    const cluster = await (await new Grown().found()).growTo('b', 'c')
    const leader = await cluster.leader()
    const target = cluster.members.find((one) => one !== leader)!
    const path = '/v3/maintenance/transfer-leadership'
    await post(leader, path, { targetID: target.memberId })
    expect(target.status.role).toBe('leader')
    await put(leader, 'through the new one')
    await expect(post(leader, path, { targetID: target.memberId })).rejects.toThrow('not leader')
    await expect(post(target, path, { targetID: '7' })).rejects.toThrow('bad leader transferee')
  })
})
