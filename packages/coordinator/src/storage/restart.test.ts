import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Command } from '../state-machine/command.js'
import type { CommittedProposal, StateMachine } from '../state-machine/state-machine.js'
import {
  deleteRange,
  kv,
  normalized,
  put,
  range,
  txn,
} from '../state-machine/state-machine.test-support.js'
import { logAndApply, newDirectory, open } from './storage.test-support.js'
import { wayBack } from './way-back.js'

function entry(index: number, command: Command, requestId?: string): CommittedProposal {
  const request = requestId === undefined ? undefined : { id: requestId, issuedAtRevision: 1 }
  const proposal = { origin: 'test', sequence: index, requestId: request, command }
  return { index, term: 1, proposal }
}

const COMMANDS: readonly Command[] = [
  { type: 'leaseGrant', id: '7', ttlSeconds: 30 },
  kv(put('a', '1', { lease: '7' })),
  kv(put('b', '1')),
  kv(put('a', '2', { lease: '7' })),
  kv(deleteRange('b')),
  kv(txn([], [put('c', '1'), put('b', '2', { prevKv: true })])),
  { type: 'compact', revision: 3 },
  { type: 'publishMember', member: { id: '5', name: 'n', clientUrls: ['http://x', 'http://y'] } },
  kv(put('d', '1', { lease: '404' })),
]

/** With a no-op first, as a leader's term begins. */
function log(): CommittedProposal[] {
  const noop = { index: 1, term: 1, proposal: undefined }
  return [noop, ...COMMANDS.map((command, at) => entry(at + 2, command, `request ${at}`))]
}

/** Everything that can be read. */
function allReads(state: StateMachine): unknown {
  const { appliedIndex, revision, compactRevision } = state
  const reads = []
  for (let at = compactRevision; at <= revision; at++) {
    reads.push(state.range(range('\0', '\0', { revision: at })))
  }
  return normalized({
    position: { appliedIndex, revision, compactRevision },
    reads,
    history: state.history(compactRevision, 100),
    leases: state.leases(),
    leaseKeys: state.leaseKeys('7'),
    members: state.members(),
    hash: state.hash(),
  })
}

describe('the state', () => {
  it('is the same after a restart (catalogue 26)', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    await logAndApply(first, log())
    const before = allReads(first.state)
    expect(first.state.members()).toHaveLength(1)
    await first.close()
    const second = await open(directory)
    expect(allReads(second.state)).toEqual(before)
    expect(second.state.sizeBytes).toBeGreaterThan(4096)
  })

  it('remembers requests, and which it has forgotten, across a restart (catalogue 70)', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    const { proposals } = await logAndApply(first, log())
    const txnOutcome = proposals.at(5)!.outcome
    await first.close()

    const second = await open(directory)
    const { appliedIndex } = second.state
    const retry = [entry(appliedIndex + 1, kv(put('z')), 'request 5')]
    const retried = await logAndApply(second, retry)
    expect(normalized(retried.proposals[0]!.outcome)).toEqual(normalized(txnOutcome))
    expect(retried.revisions).toEqual([])
    await second.close()

    // As it is once many more have come, without waiting for them.
    const client = new Database(join(directory, 'state.db'))
    client.exec('DELETE FROM requests; UPDATE position SET evicted_revision = 5')
    client.close()
    rmSync(join(directory, 'state.sums'))
    const third = await open(directory)
    const retriedLate = [entry(appliedIndex + 2, kv(put('z')), 'request 5')]
    const late = await logAndApply(third, retriedLate)
    expect(late.proposals[0]!.outcome).toMatchObject({ reason: 'requestIdExpired' })
  })

  it('applies no entry twice and skips none (catalogue 16, 26)', async () => {
    const { state } = await open(newDirectory())
    const entries = log()
    state.apply(entries)
    const { appliedIndex } = state
    expect(appliedIndex).toBe(entries.length)
    expect(() => state.apply([entries.at(-1)!])).toThrow('was to be applied after')
  })

  it('applies nothing more after a batch that failed, and keeps nothing of it', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    await logAndApply(first, log())
    const before = allReads(first.state)
    const next = first.state.appliedIndex + 1
    const gap = [entry(next, kv(put('lost'))), entry(next + 2, kv(put('lost too')))]
    expect(() => first.state.apply(gap)).toThrow('was to be applied after')
    expect(() => first.state.apply([entry(next, kv(put('x')))])).toThrow('failed to apply')
    await first.close()
    expect(allReads((await open(directory)).state)).toEqual(before)
  })

  it('is refused when the log has lost entries that were applied (catalogue 34)', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    await logAndApply(first, log())
    await first.close()
    const client = new Database(join(directory, 'raft.db'))
    client.exec('DELETE FROM log WHERE log_index > 8')
    client.close()
    await expect(open(directory)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('its log held entry 10, but ends at 8; ') as string,
    })
    // Written by a version that had no superblock.
    rmSync(join(directory, 'superblock'))
    const reason = `${directory} has lost the end of its log: entry 10 was applied, but the log ends at 8; `
    await expect(open(directory)).rejects.toMatchObject({
      code: 'damaged',
      message: reason + wayBack(directory, '1'),
    })
  })

  it('refuses an entry of an older term than the one before', async () => {
    const { state } = await open(newDirectory())
    state.apply([{ index: 1, term: 5, proposal: undefined }])
    expect(() => state.apply([{ index: 2, term: 4, proposal: undefined }])).toThrow('after term 5')
  })
})
