/**
 * The disks of real members run full (catalogue 36): they refuse what makes the store grow, with etcd's
 * error, and go on with everything else; they restart; with room again all is as before.
 */

import { HoldfastError, type Holdfast } from '@holdfast/client'
import { canCompileDiskFaults, memberStatus, type MemberProcess } from '@holdfast/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectTo } from './connect-to.js'
import { startDiskCluster, type DiskCluster } from './disk-cluster.js'
import { settledContents } from './member-content.js'

const MIB = 1024 * 1024
const PATIENCE = { timeout: 20_000, interval: 100 }

async function start(): Promise<DiskCluster> {
  const cluster = await startDiskCluster()
  onTestFinished(() => cluster.close())
  return cluster
}

async function isShort({ clientUrl }: MemberProcess): Promise<boolean> {
  const text = await (await fetch(`${clientUrl}/metrics`)).text()
  return /^holdfast_disk_short_of_space 1$/m.test(text)
}

function becomesShort(member: MemberProcess, expected = true): Promise<void> {
  return vi.waitFor(async () => expect(await isShort(member)).toBe(expected), PATIENCE)
}

async function refusal(work: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(HoldfastError)
  return error as HoldfastError
}

/** What must work on a full disk. */
async function shrinks(holdfast: Holdfast, leaseId: string): Promise<void> {
  expect((await holdfast.kv.get('kept'))?.text()).toBe('x')
  await holdfast.kv.delete('old')
  const { revision } = await holdfast.kv.getAll({ prefix: '' })
  await holdfast.kv.compact(revision)
  await holdfast.leases.revoke(leaseId)
  expect(await holdfast.kv.get('leased')).toBeUndefined()
}

describe.skipIf(!canCompileDiskFaults())('members whose disks', () => {
  it('are nearly full, all of them, read, delete, compact, revoke, restart, and grow again', async () => {
    const cluster = await start()
    const holdfast = connectTo(cluster.members)
    const { id: leaseId } = await holdfast.leases.grant(600)
    await holdfast.kv.put('leased', 'x', { lease: leaseId })
    await holdfast.kv.put('kept', 'x')
    await holdfast.kv.put('old', 'x'.repeat(1_000))
    for (const member of cluster.members) cluster.faultsOf(member).full(8 * MIB)
    for (const member of cluster.members) await becomesShort(member)

    const error = await refusal(holdfast.kv.put('new', 'x'))
    expect(error.outcome).toBe('not-applied')
    expect(error.message).toContain('mvcc: database space exceeded')
    await refusal(holdfast.leases.grant(60))
    await shrinks(holdfast, leaseId)
    for (const member of cluster.members) {
      expect(member.output()).toContain('the disk is nearly full')
      await member.kill()
      member.start()
      await cluster.healthy(member)
    }
    expect((await refusal(holdfast.kv.put('new', 'x'))).message).toContain('space exceeded')

    for (const member of cluster.members) cluster.faultsOf(member).heal()
    for (const member of cluster.members) await becomesShort(member, false)
    await holdfast.kv.put('new', 'x')
    const contents = await settledContents(cluster.endpoints)
    expect(new Set(contents.map(({ keys }) => keys)).size).toBe(1)
  })

  it('is full to the last, of one: it gives up leading, takes no entries, serves, and catches up', async () => {
    const cluster = await start()
    const full = await cluster.leader()
    const others = cluster.members.filter((member) => member !== full)
    const holdfast = connectTo(others)
    await holdfast.kv.put('kept', 'x')
    const disk = cluster.faultsOf(full)
    disk.full(3 * MIB)
    await becomesShort(full)
    await vi.waitFor(async () => expect((await memberStatus(full))?.leads).toBe(false), PATIENCE)
    // More than there is room for, even with the reserve.
    for (let at = 0; at < 600; at += 1) await holdfast.kv.put(`k${at}`, 'x'.repeat(100_000))
    expect(full.running, full.output().slice(-2_000)).toBe(true)
    const local = await connectTo([full]).kv.get('kept', { serializable: true })
    expect(local?.text()).toBe('x')
    await full.kill()
    full.start()
    await vi.waitFor(async () => expect(await isShort(full)).toBe(true), PATIENCE)

    disk.heal()
    await cluster.healthy(full)
    await becomesShort(full, false)
    const contents = await settledContents(cluster.endpoints)
    expect(new Set(contents.map(({ keys }) => keys)).size).toBe(1)
    expect(full.exits.every(({ signal }) => signal === 'SIGKILL')).toBe(true)
  })
})
