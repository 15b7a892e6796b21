/** Data directories that vanish after the test, and short ways to write a log. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Entry } from '@holdfast/raft'
import { afterEach } from 'vitest'
import type { AppliedBatch, CommittedProposal } from '../state-machine/state-machine.js'
import { kv, put } from '../state-machine/state-machine.test-support.js'
import { openStorage, type OpenStorageOptions, type Storage } from './open-storage.js'

const parents: string[] = []
const opened: Storage[] = []

afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close().catch(() => undefined)
  for (const parent of parents.splice(0)) rmSync(parent, { recursive: true, force: true })
})

export function newDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-storage-'))
  parents.push(parent)
  return join(parent, 'data')
}

export const OPTIONS: Omit<OpenStorageOptions, 'directory'> = {
  identity: { clusterId: '10', memberId: '1' },
  membership: { voters: ['1', '2'], learners: ['3'] },
  onFatal: (error) => {
    throw error
  },
}

/** Closed after the test, if the test has not done so. */
export async function open(
  directory: string,
  more: Partial<OpenStorageOptions> = {},
): Promise<Storage> {
  const storage = await openStorage({ ...OPTIONS, directory, ...more })
  opened.push(storage)
  return storage
}

export function entry(index: number, term: number, data = `${index}/${term}`): Entry {
  return { index, term, kind: 'command', data: Buffer.from(data) }
}

export function entriesOf(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => entry(first + at, term))
}

export function append(storage: Storage, entries: readonly Entry[]): Promise<void> {
  return new Promise((resolve) => storage.log.append({ hardState: undefined, entries }, resolve))
}

/** Applies what is in the log, as it must be; what the entries hold there does not matter here. */
export async function logAndApply(
  storage: Storage,
  committed: readonly CommittedProposal[],
): Promise<AppliedBatch> {
  const data = Buffer.alloc(0)
  await append(
    storage,
    committed.map(({ index, term }) => ({ index, term, kind: 'noop', data })),
  )
  return storage.state.apply(committed)
}

/** A put of `key` by the entry at `index`, of term 1. */
export function putAt(index: number, key: string): CommittedProposal {
  const proposal = { origin: 'test', sequence: index, requestId: undefined, command: kv(put(key)) }
  return { index, term: 1, proposal }
}

/** `index/term` of all entries from `from` on. */
export function contents({ log }: Storage, from = 1): string[] {
  const entries = log.entries(from, log.lastIndex() + 1, Number.MAX_SAFE_INTEGER)
  const next = from + entries.length
  const texts = entries.map(({ data }) => Buffer.from(data).toString())
  return entries.length === 0 || next > log.lastIndex()
    ? texts
    : [...texts, ...contents({ log } as Storage, next)]
}
