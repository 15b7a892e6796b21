import { createHash } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import type { SdkBench } from './sdk-target.js'

/** Many heartbeats: others use the machine, too. */
const HEARING_MS = 10_000

export function clusterTests(bench: SdkBench): void {
  test('members are all three, whoever is asked and however', async () => {
    const { cluster } = bench.client()
    const members = await cluster.members()
    expect(members.map(({ name }) => name).sort()).toEqual(['m1', 'm2', 'm3'])
    expect(members.flatMap(({ clientUrls }) => clientUrls).sort()).toEqual(
      [...bench.cluster.endpoints].sort(),
    )
    for (const member of members) {
      expect(member.id).toMatch(/^[1-9]\d*$/)
      expect(member.peerUrls).toHaveLength(1)
      expect(member.isLearner).toBe(false)
    }
    const local = await cluster.members({ serializable: true })
    expect(new Set(local.map(({ id }) => id))).toEqual(new Set(members.map(({ id }) => id)))
  })

  test('a snapshot is a whole copy, with the sum of its bytes at its end', async () => {
    const { cluster } = bench.client()
    const pieces: Uint8Array[] = []
    for await (const piece of cluster.snapshot(cluster.endpoints[0])) pieces.push(piece)
    const sum = Buffer.from(pieces.pop()!)
    const bytes = Buffer.concat(pieces)
    expect(bytes.byteLength).toBeGreaterThan(4_096)
    expect(sum.toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('status of an endpoint is that of its member, and one of them leads', async () => {
    const client = bench.client()
    const { cluster } = client
    const { revision } = await client.kv.put(bench.name(), 'x')
    const members = await cluster.members()
    const statuses = await Promise.all(cluster.endpoints.map((url) => cluster.status(url)))
    expect(statuses.map(({ endpoint }) => endpoint)).toEqual(bench.cluster.endpoints)
    for (const { endpoint, memberId, ...status } of statuses) {
      expect(members.find(({ id }) => id === memberId)?.clientUrls).toEqual([endpoint])
      expect(status.version).toMatch(/^\d+\.\d+\.\d+$/)
      expect(status.errors).toEqual([])
      expect(status.dbSizeBytes).toBeGreaterThan(0)
      expect(status.dbSizeInUseBytes).toBeLessThanOrEqual(status.dbSizeBytes)
      expect(status.raftTerm).toBeGreaterThan(0)
      expect(status.raftAppliedIndex).toBeGreaterThan(0)
      expect(status.isLeader).toBe(memberId === status.leaderId)
    }
    expect(Math.max(...statuses.map((status) => status.revision))).toBeGreaterThanOrEqual(revision)
    const leader = statuses.filter(({ isLeader }) => isLeader)
    expect(leader).toHaveLength(1)
    expect(new Set(statuses.map(({ leaderId }) => leaderId))).toEqual(
      new Set([leader[0]!.memberId]),
    )
    expect(new Set(statuses.map(({ clusterId }) => clusterId)).size).toBe(1)
    const any = await cluster.status()
    expect(bench.cluster.endpoints).toContain(any.endpoint)
  })

  test('status of a member that is gone does not ask another', async () => {
    const { cluster } = bench.client({ endpoints: bench.cluster.endpoints })
    const nobody = cluster.status('127.0.0.1:1')
    await expect(nobody).rejects.toMatchObject({
      code: 'connectionFailed',
      outcome: 'not-applied',
    })
  })
  test('the leadership goes to the member that is told to lead, in a later term', async () => {
    const client = bench.client()
    const { cluster, kv } = client
    const statuses = await Promise.all(cluster.endpoints.map((url) => cluster.status(url)))
    const before = statuses.find(({ isLeader }) => isLeader)!
    const target = statuses.find(({ isLeader }) => !isLeader)!
    await cluster.transferLeadership(target.memberId)
    const after = await cluster.status(target.endpoint)
    expect(after).toMatchObject({ isLeader: true, leaderId: target.memberId })
    expect(after.raftTerm).toBeGreaterThan(before.raftTerm)
    // The others hear of it from the new leader.
    for (const url of cluster.endpoints) {
      const heard = { isLeader: url === target.endpoint, leaderId: target.memberId }
      await vi.waitFor(
        async () => expect(await cluster.status(url)).toMatchObject(heard),
        HEARING_MS,
      )
    }
    const key = bench.name()
    await kv.put(key, 'x')
    expect((await kv.get(key))?.text()).toBe('x')
    await cluster.transferLeadership(target.memberId)
    expect((await cluster.status(target.endpoint)).raftTerm).toBe(after.raftTerm)
  })
}
