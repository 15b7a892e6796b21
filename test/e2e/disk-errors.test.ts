/**
 * The disk of one real member fails (catalogue 32): the member ends, with one clear line, without
 * acknowledging anything and without trying again; the others go on; with a sound disk it comes back
 * with everything (fsyncgate; Rebello et al., ATC ’20).
 */

import { canCompileDiskFaults, type DiskFaults, type MemberProcess } from '@holdfast/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startDiskCluster, type DiskCluster } from './disk-cluster.js'
import { contentOf, settledContents } from './member-content.js'
import { startPutLoad, type PutLoad } from './put-load.js'

/** Of `holdfast serve`: this member must not be trusted. */
const INTERNAL = 70

interface Running {
  readonly cluster: DiskCluster
  readonly load: PutLoad
}

async function start(): Promise<Running> {
  const cluster = await startDiskCluster()
  onTestFinished(() => cluster.close())
  const load = startPutLoad(cluster.endpoints)
  onTestFinished(() => load.stop())
  await load.more(50)
  return { cluster, load }
}

async function endsByItself(member: MemberProcess): Promise<readonly string[]> {
  const before = member.output().length
  await member.ended()
  expect(member.exits.at(-1)).toEqual({ code: INTERNAL, signal: null })
  return member.output().slice(before).trim().split('\n')
}

/** The others go on, and the member comes back with everything. */
async function comesBack({ cluster, load }: Running, member: MemberProcess): Promise<void> {
  await load.more(100)
  cluster.faultsOf(member).heal()
  member.start()
  await cluster.healthy(member)
  await load.more(100)
  await load.stop()
  const contents = await settledContents(cluster.endpoints)
  expect(new Set(contents.map(({ keys }) => keys)).size).toBe(1)
  const { keys } = await contentOf(member.clientUrl)
  const lost = [...load.acknowledged].filter((key) => {
    return !keys.includes(`"${Buffer.from(key).toString('base64')}"`)
  })
  expect(lost).toEqual([])
}

const LOG = 'raft.db-wal'

describe.skipIf(!canCompileDiskFaults())('a member whose disk', () => {
  it.each<[string, boolean, (disk: DiskFaults) => void]>([
    ['fails an fsync of the log, as the leader,', true, (disk) => disk.failFsync('forever')],
    ['fails an fsync of the log, as a follower,', false, (disk) => disk.failFsync('forever')],
    ['fails one fsync of the log and no other', true, (disk) => disk.failFsync('once')],
    ['fails a write of the log', true, (disk) => disk.failWrite('forever')],
    ['is full when the log is written', true, (disk) => disk.full(0)],
  ])('%s ends, and comes back with everything', async (_what, leads, fail) => {
    const running = await start()
    const { cluster } = running
    const leader = await cluster.leader()
    const member = leads ? leader : cluster.members.find((one) => one !== leader)!
    const disk = cluster.faultsOf(member)
    disk.only(LOG)
    fail(disk)
    const said = await endsByItself(member)
    const { failedFsyncs, failedWrites, refusedForSpace } = disk.hits()
    // Once: what failed is not tried again, not even when the process ends.
    expect(failedFsyncs + failedWrites + refusedForSpace).toBe(1)
    expect(said.filter((line) => line.startsWith('holdfast: '))).toEqual([
      expect.stringMatching(/^holdfast: m\d can no longer be trusted: the log can no longer be/),
    ])
    await comesBack(running, member)
  })

  it.each<[string, string, (disk: DiskFaults) => void]>([
    ['fails an fsync of the state', 'state.db', (disk) => disk.failFsync('forever')],
    ['fails a write of the state', 'state.db-wal', (disk) => disk.failWrite('once')],
  ])('%s ends, and comes back with everything', async (_what, file, fail) => {
    const running = await start()
    const member = await running.cluster.leader()
    const disk = running.cluster.faultsOf(member)
    disk.only(file)
    fail(disk)
    const said = await endsByItself(member)
    expect(said.filter((line) => line.startsWith('holdfast: '))).toHaveLength(1)
    await comesBack(running, member)
  })

  it('cannot be read does not start, says why in one line, and does so when it can be', async () => {
    const running = await start()
    const member = await running.cluster.leader()
    await member.kill()
    const disk = running.cluster.faultsOf(member)
    disk.failRead('forever')
    const before = member.output().length
    member.start()
    await member.ended()
    expect(member.exits.at(-1)?.code).toBeGreaterThan(0)
    const said = member.output().slice(before).trim().split('\n')
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(/^holdfast: .*(disk I\/O error|EIO)/)
    await comesBack(running, member)
  })
})
