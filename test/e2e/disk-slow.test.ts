/**
 * The disk of one real member becomes very slow (catalogue 37; etcd #15247): a leader gives up the
 * leadership and does not take it back, writes go on, and no lease is lost; a follower delays nobody.
 */

import { canCompileDiskFaults, memberStatus } from '@holdfast/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectTo } from './connect-to.js'
import { startDiskCluster, type DiskCluster } from './disk-cluster.js'
import { startPutLoad, type PutLoad } from './put-load.js'

const FSYNC_MS = 2_000
const ELECTION_TIMEOUT_MS = 1_000
const LOG = 'raft.db-wal'

async function start(): Promise<{ readonly cluster: DiskCluster; readonly load: PutLoad }> {
  const cluster = await startDiskCluster(['--election-timeout-ms', String(ELECTION_TIMEOUT_MS)])
  onTestFinished(() => cluster.close())
  const load = startPutLoad(cluster.endpoints)
  onTestFinished(() => load.stop())
  await load.more(50)
  return { cluster, load }
}

async function termOf(cluster: DiskCluster): Promise<number> {
  const status = await memberStatus(await cluster.leader())
  return status!.term
}

describe.skipIf(!canCompileDiskFaults())('a member whose every fsync takes two seconds', () => {
  it('stops leading, stays a follower, and no lease or write is lost by it', async () => {
    const { cluster, load } = await start()
    const slow = await cluster.leader()
    const holdfast = connectTo(cluster.members, { sessionTtlSeconds: 5 })
    const session = await holdfast.session()
    await holdfast.kv.put('held', 'x', { lease: session.leaseId })
    const disk = cluster.faultsOf(slow)
    disk.only(LOG)
    disk.slow(FSYNC_MS)
    const begun = performance.now()
    await vi.waitFor(async () => expect((await memberStatus(slow))?.leads).toBe(false), {
      timeout: 10 * ELECTION_TIMEOUT_MS,
      interval: 20,
    })
    const steppedDownMs = performance.now() - begun
    // At the slow member a write is answered when its own disk has it.
    const others = cluster.members.filter((member) => member !== slow)
    const elsewhere = connectTo(others)
    await elsewhere.kv.put('elsewhere', 'x')
    const resumedMs = performance.now() - begun
    const term = await termOf(cluster)
    // Longer than the lease, and than the disk is remembered to be slow.
    await load.more(200)
    await vi.waitUntil(() => performance.now() - begun > 8_000, { timeout: 10_000 })
    await load.more(100)
    console.log(`stepped down after ${steppedDownMs} ms, writes went on after ${resumedMs} ms`)
    expect(disk.hits().slowed).toBeGreaterThan(2)
    expect(await termOf(cluster)).toBe(term)
    expect((await memberStatus(slow))?.leads).toBe(false)
    expect(session.signal.aborted).toBe(false)
    expect((await holdfast.kv.get('held'))?.text()).toBe('x')
    expect(slow.output()).toContain('the disk is too slow to lead')
    expect(resumedMs).toBeLessThan(4 * ELECTION_TIMEOUT_MS)
  })

  it('delays no commit as a follower', async () => {
    const { cluster, load } = await start()
    const leader = await cluster.leader()
    const slow = cluster.members.find((member) => member !== leader)!
    const term = await termOf(cluster)
    const disk = cluster.faultsOf(slow)
    disk.only(LOG)
    disk.slow(FSYNC_MS)
    const others = cluster.members.filter((member) => member !== slow)
    const holdfast = connectTo(others)
    const times: number[] = []
    for (let at = 0; at < 50; at += 1) {
      const begun = performance.now()
      await holdfast.kv.put('timed', `${at}`)
      times.push(performance.now() - begun)
    }
    await load.more(100)
    await vi.waitUntil(() => disk.hits().slowed > 0, { timeout: 10_000 })
    console.log(`the slowest of 50 puts took ${Math.max(...times)} ms`)
    expect(Math.max(...times)).toBeLessThan(FSYNC_MS / 2)
    expect(await termOf(cluster)).toBe(term)
  })
})
