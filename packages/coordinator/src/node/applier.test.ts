/** From committed entries to applied ones: in order, each once, a bounded slice a turn. */

import type { Entry } from '@holdfast/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Proposal } from '../state-machine/command.js'
import type { AppliedBatch, CommittedProposal } from '../state-machine/state-machine.js'
import { Applier, MAX_ENTRIES_PER_SLICE } from './applier.js'
import { turn } from './tracked.test-support.js'

function entry(index: number, term = 1): Entry {
  return { index, term, kind: 'command', data: Buffer.from(String(index)) }
}

function entries(from: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, offset) => entry(from + offset))
}

function decode(data: Uint8Array): Proposal {
  const sequence = Number(Buffer.from(data).toString())
  return {
    origin: '1/a',
    sequence,
    requestId: undefined,
    command: { type: 'compact', revision: 1 },
  }
}

let batches: (readonly CommittedProposal[])[]
let told: { readonly appliedIndex: number; readonly term: number }[]
let wakes: number
let gate: PromiseWithResolvers<void> | undefined
let applier: Applier

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

function withResolvers(): PromiseWithResolvers<void> {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

function apply(batch: readonly CommittedProposal[]): AppliedBatch {
  batches.push(batch)
  const appliedIndex = batch.at(-1)!.index
  return { appliedIndex, proposals: [], revisions: [], leaseChanges: [] }
}

beforeEach(() => {
  batches = []
  told = []
  wakes = 0
  gate = undefined
  applier = new Applier({
    state: { apply },
    decode,
    gate: () => gate?.promise,
    wake: () => {
      wakes += 1
    },
    onApplied: ({ appliedIndex }, term) => told.push({ appliedIndex, term }),
  })
})

describe('slices', () => {
  it('applies what waits as one batch, in order, and tells of it once', () => {
    applier.enqueue([entry(1), entry(2)])
    applier.enqueue([entry(3, 2)])
    applier.applySlice()
    applier.applySlice()
    expect(batches.map((batch) => batch.map(({ index }) => index))).toEqual([[1, 2, 3]])
    expect(told).toEqual([{ appliedIndex: 3, term: 2 }])
    expect(applier.backlog).toBe(0)
  })

  it('decodes commands, and passes no-ops on without a proposal', () => {
    applier.enqueue([{ index: 1, term: 4, kind: 'noop', data: new Uint8Array(0) }, entry(2, 4)])
    applier.applySlice()
    expect(batches[0]).toEqual([
      { index: 1, term: 4, proposal: undefined },
      { index: 2, term: 4, proposal: decode(Buffer.from('2')) },
    ])
  })

  it('cuts a backlog into bounded slices and asks for a turn for each further one', () => {
    applier.enqueue(entries(1, 2 * MAX_ENTRIES_PER_SLICE + 3))
    expect(wakes).toBe(0)
    applier.applySlice()
    expect(applier.backlog).toBe(MAX_ENTRIES_PER_SLICE + 3)
    expect(wakes).toBe(1)
    applier.applySlice()
    expect(wakes).toBe(2)
    applier.applySlice()
    expect(wakes).toBe(2)
    expect(batches.map(({ length }) => length)).toEqual([
      MAX_ENTRIES_PER_SLICE,
      MAX_ENTRIES_PER_SLICE,
      3,
    ])
    expect(batches.flat().map(({ index }) => index)).toEqual(
      entries(1, 2 * MAX_ENTRIES_PER_SLICE + 3).map(({ index }) => index),
    )
  })

  it('keeps the order of what arrives while a backlog is worked off', () => {
    applier.enqueue(entries(1, MAX_ENTRIES_PER_SLICE + 1))
    applier.applySlice()
    applier.enqueue([entry(MAX_ENTRIES_PER_SLICE + 2)])
    applier.applySlice()
    expect(batches[1]!.map(({ index }) => index)).toEqual([
      MAX_ENTRIES_PER_SLICE + 1,
      MAX_ENTRIES_PER_SLICE + 2,
    ])
  })

  it('lets a failure of the state through, for the loop to stop the member', () => {
    const broken = new Applier({
      state: { apply },
      decode: () => {
        throw new Error('unreadable')
      },
      gate: () => undefined,
      wake: () => undefined,
      onApplied: () => undefined,
    })
    broken.enqueue([entry(1)])
    expect(() => broken.applySlice()).toThrow('unreadable')
  })
})

describe('the gate of a finishing checkpoint', () => {
  it('holds everything up until it opens, and then asks for a turn', async () => {
    gate = withResolvers()
    applier.enqueue([entry(1)])
    applier.applySlice()
    applier.applySlice()
    await turn()
    expect(batches).toEqual([])
    expect(wakes).toBe(0)
    const opened = gate
    gate = undefined
    opened.resolve()
    await turn()
    expect(wakes).toBe(1)
    applier.applySlice()
    expect(batches).toHaveLength(1)
  })

  it('may close again before the turn comes', async () => {
    gate = withResolvers()
    applier.enqueue([entry(1)])
    applier.applySlice()
    gate.resolve()
    await turn()
    gate = withResolvers()
    applier.applySlice()
    expect(batches).toEqual([])
    gate.resolve()
    gate = undefined
    await turn()
    applier.applySlice()
    expect(batches).toHaveLength(1)
  })

  it('does not hold apply up for ever, nor go unhandled, when the checkpoint fails', async () => {
    gate = withResolvers()
    applier.enqueue([entry(1)])
    applier.applySlice()
    const failed = gate
    gate = undefined
    failed.reject(new Error('the disk is full'))
    await turn()
    expect(wakes).toBe(1)
    applier.applySlice()
    expect(batches).toHaveLength(1)
  })

  it('is not asked for when nothing waits', () => {
    gate = withResolvers()
    applier.applySlice()
    gate = undefined
    applier.enqueue([entry(1)])
    applier.applySlice()
    expect(batches).toHaveLength(1)
  })
})
