/**
 * A child process that writes as fast as it can is killed with SIGKILL, at a moment that nobody
 * chose. What it had been told is durable must be there afterwards, and the state must be what
 * applying the log up to its applied index gives.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { decodeProposal } from '../state-machine/proposal-codec.js'
import type { CommittedProposal } from '../state-machine/state-machine.js'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import type { Storage } from './open-storage.js'
import { openStateStore } from './sqlite-state-store.js'
import { newDirectory, open, OPTIONS } from './storage.test-support.js'

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))

/** Appends and, as soon as an entry is durable, applies it and says its index. Overwrites at times. */
const WRITER = `
  import { writeSync } from 'node:fs'
  import { openStorage } from '${DIST}storage/open-storage.js'
  import { encodeProposal } from '${DIST}state-machine/proposal-codec.js'

  const [directory, options] = process.argv.slice(1)
  const storage = await openStorage({
    ...JSON.parse(options),
    directory,
    onFatal: (error) => { throw error },
    checkpointLimits: { walBytes: 100_000, intervalMs: 20 },
  })
  const { log, state } = storage
  let term = log.lastIndex() === 0 ? 1 : log.term(log.lastIndex())
  writeSync(1, 'from ' + log.lastIndex() + ' ' + state.appliedIndex + '\\n')

  const bytes = (text) => Buffer.from(text)
  function command(at) {
    const key = bytes('key ' + (at % 50))
    const none = bytes('')
    if (at % 7 === 0) return { type: 'deleteRange', key, rangeEnd: bytes('key 3'), prevKv: false }
    const flags = { prevKv: false, ignoreValue: false, ignoreLease: false }
    return { type: 'put', key, value: bytes('v'.repeat(at % 900)), lease: '0', ...flags }
  }
  function entry(index) {
    const requestId = { id: 'request ' + index, issuedAtRevision: 1 }
    const operation = command(index)
    const compacts = index % 100 === 0 && state.revision > 20
    const kv = compacts
      ? { type: 'compact', revision: state.revision - 10 }
      : { type: 'kv', operation }
    const proposal = { origin: 'crash', sequence: index, requestId, command: kv }
    return { index, term, kind: 'command', data: encodeProposal(proposal) }
  }

  const { decodeProposal } = await import('${DIST}state-machine/proposal-codec.js')
  function applyUpTo(index) {
    if (storage.applyGate !== undefined) return
    const from = state.appliedIndex + 1
    if (from > index) return
    const entries = log.entries(from, index + 1, 1_000_000)
    state.apply(entries.map(({ index, term, data }) => ({ index, term, proposal: decodeProposal(data) })))
    state.removeCompacted(20)
    state.returnFreePages(4)
  }

  function next() {
    const first = log.lastIndex() + 1
    const entries = [entry(first), entry(first + 1), entry(first + 2)]
    const last = first + 2
    log.append({ hardState: { term, votedFor: '1' }, entries }, () => {
      applyUpTo(last)
      writeSync(1, last + '\\n')
      next()
    })
  }
  for (let inFlight = 0; inFlight < 8; inFlight++) next()
`

function startWriter(directory: string): ChildProcess {
  const { identity, membership } = OPTIONS
  const options = JSON.stringify({ identity, membership })
  const script = ['--input-type=module', '-e', WRITER, directory, options]
  return spawn(process.execPath, script, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Kills the writer after `count` completions; the index of the newest it reported. */
async function killAfter(writer: ChildProcess, count: number): Promise<number> {
  const lines = createInterface({ input: writer.stdout! })
  const exited = new Promise((resolve) => writer.once('exit', resolve))
  let acknowledged = 0
  let seen = 0
  for await (const line of lines) {
    if (line.startsWith('from')) continue
    acknowledged = Math.max(acknowledged, Number(line))
    if (++seen === count) writer.kill('SIGKILL')
  }
  await exited
  return acknowledged
}

function committed({ log }: Storage, from: number, to: number): CommittedProposal[] {
  const entries: CommittedProposal[] = []
  while (from + entries.length < to) {
    const read = log.entries(from + entries.length, to, 1_000_000)
    entries.push(
      ...read.map(({ index, term, data }) => ({ index, term, proposal: decodeProposal(data) })),
    )
  }
  return entries
}

it('keeps every acknowledged entry, and a state that the log explains (catalogue 25–27)', async () => {
  const directory = newDirectory()
  const twin = createStateMachine(openStateStore({ path: ':memory:', clusterId: '10' }))
  for (const count of [40, 150, 300]) {
    const acknowledged = await killAfter(startWriter(directory), count)
    const storage = await open(directory)
    const { log, state } = storage
    expect(log.lastIndex()).toBeGreaterThanOrEqual(acknowledged)
    expect(log.initialState().hardState).toEqual({ term: 1, votedFor: '1' })
    expect(state.appliedIndex).toBeLessThanOrEqual(log.lastIndex())
    expect(state.appliedIndex).toBeGreaterThan(0)
    const applied = committed(storage, twin.appliedIndex + 1, state.appliedIndex + 1)
    expect(applied.every(({ proposal }, at) => proposal!.sequence === applied[at]!.index)).toBe(
      true,
    )
    if (applied.length > 0) twin.apply(applied)
    expect(state.hash()).toEqual(twin.hash())
    await storage.close()
  }
}, 60_000)
