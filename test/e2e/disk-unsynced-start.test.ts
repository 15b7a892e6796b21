/**
 * A kill between a write of the log and its fsync leaves entries that are in the page cache only, and
 * a start finds them there. They are taken for durable from then on, so the start must make them so,
 * and is refused when the disk does not let it (catalogue 32; thesis §3.8).
 */

import { canCompileDiskFaults } from '@holdfast/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startDiskCluster } from './disk-cluster.js'
import { settledContents } from './member-content.js'
import { startPutLoad } from './put-load.js'

/** Longer than the test. */
const UNTIL_KILLED_MS = 600_000

describe.skipIf(!canCompileDiskFaults())('a member that was killed before an fsync', () => {
  it('is not started by one that fails, and comes back by the next', async () => {
    const cluster = await startDiskCluster()
    onTestFinished(() => cluster.close())
    const load = startPutLoad(cluster.endpoints)
    onTestFinished(() => load.stop())
    await load.more(50)
    const leader = await cluster.leader()
    const member = cluster.members.find((one) => one !== leader)!
    const disk = cluster.faultsOf(member)
    disk.only('raft.db-wal')
    disk.slow(UNTIL_KILLED_MS)
    await vi.waitFor(() => expect(disk.hits().slowed).toBeGreaterThan(0), 30_000)
    await member.kill()

    disk.slow(0)
    disk.failFsync('once')
    const before = member.output().length
    member.start()
    const ended = member.ended().then(() => 'ended')
    const served = cluster.healthy(member).then(() => 'serves')
    served.catch(() => undefined)
    expect(await Promise.race([ended, served])).toBe('ended')
    expect(member.exits.at(-1)?.code).toBeGreaterThan(0)
    const said = member.output().slice(before).trim().split('\n')
    expect(said).toEqual([expect.stringMatching(/^holdfast: .*raft\.db cannot .*disk I\/O error/)])
    // What failed is not tried again, not even when the process ends.
    expect(disk.hits().failedFsyncs).toBe(1)

    disk.heal()
    member.start()
    await cluster.healthy(member)
    await load.more(50)
    await load.stop()
    const contents = await settledContents(cluster.endpoints)
    expect(new Set(contents.map(({ keys }) => keys)).size).toBe(1)
  })
})
