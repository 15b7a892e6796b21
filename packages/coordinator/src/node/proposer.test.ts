/**
 * The proposer's promise to its callers: an outcome is delivered once, a proposal takes effect at
 * most once, and an outcome that is not known is called unknown (catalogue 18, 21, 56).
 */

import { describe, expect, it } from 'vitest'
import { Refusal } from '../state-machine/outcome.js'
import { MAX_BATCH_BYTES, MAX_PENDING_PROPOSALS, MAX_PENDING_PROPOSAL_BYTES } from './proposer.js'
import {
  applied,
  command,
  createProposer,
  later,
  notApplied,
  ORIGIN,
  padded,
  propose,
  TIMEOUT_MS,
  unknown,
} from './proposer.test-support.js'
import { track, turn } from './tracked.test-support.js'

describe('batches', () => {
  it('hands everything that was proposed in a turn to the core as one batch, in order', () => {
    const { proposer, sink, wakes } = createProposer()
    propose(proposer, 3)
    expect(sink.batches).toHaveLength(0)
    expect(wakes()).toBeGreaterThan(0)
    proposer.submit()
    propose(proposer, 2)
    proposer.submit()
    expect(sink.sequences).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    expect(sink.batches[0]!.ref).not.toBe(sink.batches[1]!.ref)
  })

  it('bothers the core with nothing when nothing waits', () => {
    const { proposer, sink } = createProposer()
    proposer.submit()
    propose(proposer)
    proposer.submit()
    proposer.submit()
    expect(sink.batches).toHaveLength(1)
  })

  it('carries the request id to the log, so that a retry is recognised there (thesis §6.3)', () => {
    const { proposer, sink } = createProposer()
    const requestId = { id: 'r1', issuedAtRevision: 4 }
    track(proposer.propose(command(9), { timeoutMs: TIMEOUT_MS, requestId }))
    proposer.submit()
    expect(sink.lastBatch.proposals).toEqual([
      { origin: ORIGIN, sequence: 1, requestId, command: command(9) },
    ])
  })

  it('does not number its batches as an earlier run of the member did', () => {
    // A refusal that was meant for the earlier run would otherwise free a batch that was appended.
    const firstRefs = [7, 4_000_000_000].map((firstRef) => {
      const { proposer, sink } = createProposer(undefined, firstRef)
      propose(proposer)
      proposer.submit()
      return sink.lastBatch.ref
    })
    expect(firstRefs).toEqual([8, 4_000_000_001])
  })
})

describe('outcomes', () => {
  it('delivers each outcome to the caller whose proposal it is, by origin and sequence', async () => {
    const { proposer, sink } = createProposer()
    const [first, second] = propose(proposer, 2)
    proposer.submit()
    const [one, two] = sink.lastBatch.proposals
    proposer.onApplied([applied(two!, 22)], 1)
    await turn()
    expect(first).toMatchObject({ state: 'pending' })
    expect(second).toEqual({ state: 'fulfilled', value: { type: 'compact', revision: 22 } })
    proposer.onApplied([applied(one!, 23)], 1)
    await turn()
    expect(first).toEqual({ state: 'fulfilled', value: { type: 'compact', revision: 23 } })
    expect(proposer.pendingCount).toBe(0)
  })

  it('ignores what another member, or an earlier run of this one, proposed', async () => {
    const { proposer, sink } = createProposer()
    const [mine] = propose(proposer)
    proposer.submit()
    const [proposal] = sink.lastBatch.proposals
    proposer.onApplied([applied({ ...proposal!, origin: '1/earlier' })], 1)
    proposer.onApplied([applied({ ...proposal!, origin: '2/first' })], 1)
    await turn()
    expect(mine).toMatchObject({ state: 'pending' })
  })

  it('gives a refusal of the state as a refusal', async () => {
    const { proposer, sink } = createProposer()
    const [refused] = propose(proposer)
    proposer.submit()
    const outcome = { ok: false, reason: 'compacted', revision: 3 } as const
    proposer.onApplied([{ proposal: sink.lastBatch.proposals[0]!, outcome }], 1)
    await turn()
    expect(refused).toMatchObject({ state: 'rejected', error: new Refusal('compacted') })
  })

  it('passes over an outcome whose caller has given up', () => {
    const { proposer, sink } = createProposer()
    propose(proposer)
    proposer.submit()
    proposer.tick(later(TIMEOUT_MS))
    proposer.onApplied([applied(sink.lastBatch.proposals[0]!)], 1)
    expect(proposer.pendingCount).toBe(0)
  })
})

describe('a change of term (Raft §5.4: terms never decrease along a log)', () => {
  it('submits again, once, what a later term has certainly overwritten', async () => {
    const { proposer, sink, wakes } = createProposer()
    const [first, second] = propose(proposer, 2)
    proposer.submit()
    sink.status = { term: 2 }
    const before = wakes()
    proposer.onApplied([], 2)
    expect(wakes()).toBeGreaterThan(before)
    proposer.submit()
    proposer.submit()
    proposer.onApplied([], 2)
    proposer.submit()
    expect(sink.sequences).toEqual([
      [1, 2],
      [1, 2],
    ])
    proposer.onApplied(
      sink.lastBatch.proposals.map((proposal) => applied(proposal)),
      2,
    )
    await turn()
    expect([first?.state, second?.state]).toEqual(['fulfilled', 'fulfilled'])
  })

  it('does not submit again what was applied in the very batch that brought the later term', () => {
    const { proposer, sink } = createProposer()
    propose(proposer, 2)
    proposer.submit()
    proposer.onApplied([applied(sink.lastBatch.proposals[0]!)], 2)
    proposer.submit()
    expect(sink.sequences).toEqual([[1, 2], [2]])
  })

  it('leaves alone what was submitted in the term that has just been applied', () => {
    const { proposer, sink } = createProposer()
    sink.status = { term: 2 }
    propose(proposer)
    proposer.submit()
    proposer.onApplied([], 2)
    proposer.submit()
    expect(sink.sequences).toEqual([[1]])
  })

  it('believes nothing lost while only entries of its own term are applied', () => {
    const { proposer, sink } = createProposer()
    sink.status = { term: 3 }
    propose(proposer)
    proposer.submit()
    for (const term of [1, 2, 3]) proposer.onApplied([], term)
    proposer.submit()
    expect(sink.sequences).toEqual([[1]])
  })

  it('puts what was lost before what has never been submitted', () => {
    const { proposer, sink } = createProposer()
    propose(proposer, 2)
    proposer.submit()
    propose(proposer)
    proposer.onApplied([], 2)
    proposer.submit()
    expect(sink.sequences[1]).toEqual([1, 2, 3])
  })
})

describe('without a leader', () => {
  it('keeps proposals in order until there is one', () => {
    const { proposer, sink } = createProposer()
    sink.answer = 'noLeader'
    propose(proposer, 2)
    proposer.submit()
    propose(proposer)
    proposer.submit()
    sink.answer = 'forwarded'
    proposer.submit()
    proposer.submit()
    expect(sink.sequences).toEqual([
      [1, 2],
      [1, 2, 3],
      [1, 2, 3],
    ])
  })

  it('does not ask for turn after turn meanwhile', () => {
    const { proposer, sink, wakes } = createProposer()
    sink.answer = 'noLeader'
    propose(proposer)
    const before = wakes()
    for (let round = 0; round < 5; round++) proposer.submit()
    expect(wakes()).toBe(before)
  })

  it('calls a proposal that was never submitted not applied when its time is up', async () => {
    const { proposer, sink } = createProposer()
    sink.answer = 'noLeader'
    const [waiting] = propose(proposer)
    proposer.submit()
    proposer.tick(later(TIMEOUT_MS - 1_000))
    await turn()
    expect(waiting).toMatchObject({ state: 'pending' })
    proposer.tick(later(TIMEOUT_MS))
    await turn()
    expect(waiting).toMatchObject(notApplied('noLeader'))
    sink.answer = 'appended'
    sink.batches.length = 0
    proposer.submit()
    expect(sink.batches).toEqual([])
  })
})

describe('refusals of the core', () => {
  it('rejects the batch as not applied when too much is uncommitted (catalogue 18)', async () => {
    const { proposer, sink } = createProposer()
    sink.answer = 'tooManyUncommitted'
    const tracked = propose(proposer, 2)
    proposer.submit()
    await turn()
    for (const one of tracked) expect(one).toMatchObject(notApplied('tooManyRequests'))
    expect(proposer.pendingCount).toBe(0)
  })

  it('hands over large batches in pieces, one of which may be refused (catalogue 18)', async () => {
    const { proposer, sink } = createProposer(padded(MAX_BATCH_BYTES / 2 - 1))
    const [first, second, third] = propose(proposer, 3)
    sink.answers = ['tooManyUncommitted', 'appended']
    proposer.submit()
    await turn()
    expect(sink.sequences).toEqual([[1, 2], [3]])
    for (const one of [first, second]) expect(one).toMatchObject(notApplied('tooManyRequests'))
    expect(third).toMatchObject({ state: 'pending' })
  })

  it('keeps the pieces that are left in their order when there is no leader', () => {
    const { proposer, sink } = createProposer(padded(MAX_BATCH_BYTES / 2 + 1))
    propose(proposer, 3)
    sink.answers = ['forwarded', 'noLeader']
    proposer.submit()
    proposer.submit()
    expect(sink.sequences).toEqual([[1], [2], [2], [3]])
  })

  it('hands over a proposal that is larger than a batch by itself', () => {
    const { proposer, sink } = createProposer(padded(2 * MAX_BATCH_BYTES))
    propose(proposer, 2)
    proposer.submit()
    expect(sink.sequences).toEqual([[1], [2]])
  })

  it('submits a dropped batch again after a tick, never in a hot loop', () => {
    const { proposer, sink } = createProposer()
    sink.answer = 'forwarded'
    propose(proposer, 2)
    proposer.submit()
    proposer.onDropped([sink.lastBatch.ref])
    for (let round = 0; round < 10; round++) proposer.submit()
    expect(sink.batches).toHaveLength(1)
    proposer.tick(later(0))
    proposer.submit()
    expect(sink.sequences).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  it('submits again only the batch that was named, and before what came later', () => {
    const { proposer, sink } = createProposer()
    sink.answer = 'forwarded'
    for (let batch = 0; batch < 3; batch++) {
      propose(proposer)
      proposer.submit()
    }
    propose(proposer)
    proposer.onDropped([sink.batches[1]!.ref])
    proposer.tick(later(0))
    proposer.submit()
    expect(sink.sequences.at(-1)).toEqual([2, 4])
  })

  it('ignores the refusal of a batch that it has submitted again since', () => {
    const { proposer, sink } = createProposer()
    sink.answer = 'forwarded'
    propose(proposer)
    proposer.submit()
    const stale = sink.lastBatch.ref
    sink.status = { term: 2 }
    proposer.onApplied([], 2)
    proposer.submit()
    proposer.onDropped([stale])
    proposer.tick(later(0))
    proposer.submit()
    expect(sink.batches).toHaveLength(2)
  })

  it('calls a proposal not applied when its last submission was dropped', async () => {
    const { proposer, sink } = createProposer()
    sink.answer = 'forwarded'
    const [dropped] = propose(proposer)
    proposer.submit()
    proposer.onDropped([sink.lastBatch.ref])
    proposer.tick(later(TIMEOUT_MS))
    await turn()
    expect(dropped).toMatchObject(notApplied('noLeader'))
  })
})

describe('deadlines and limits', () => {
  it('calls a submitted proposal unknown when its time is up (catalogue 21)', async () => {
    const { proposer } = createProposer()
    const [submitted] = propose(proposer)
    proposer.submit()
    proposer.tick(later(TIMEOUT_MS))
    await turn()
    expect(submitted).toMatchObject(unknown('timeout'))
  })

  it('never gives up on a proposal without a deadline', async () => {
    const { proposer } = createProposer()
    const [patient] = propose(proposer, 1, Infinity)
    proposer.submit()
    proposer.tick(later(1e12))
    await turn()
    expect(patient).toMatchObject({ state: 'pending' })
  })

  it('refuses more proposals than may wait, and accepts again when one is decided', async () => {
    const { proposer, sink } = createProposer()
    propose(proposer, MAX_PENDING_PROPOSALS)
    const [oneTooMany] = propose(proposer)
    await turn()
    expect(oneTooMany).toMatchObject(notApplied('tooManyRequests'))
    proposer.submit()
    proposer.onApplied([applied(sink.lastBatch.proposals[0]!)], 1)
    const [accepted] = propose(proposer)
    await turn()
    expect(accepted).toMatchObject({ state: 'pending' })
  })

  it('refuses more bytes than may wait, and accepts again when some are decided', async () => {
    const chunk = new Uint8Array(MAX_PENDING_PROPOSAL_BYTES / 4)
    const { proposer } = createProposer(() => chunk)
    const waiting = propose(proposer, 4, 1_000)
    const [oneTooMany] = propose(proposer)
    await turn()
    expect(waiting.map(({ state }) => state)).toEqual(Array(4).fill('pending'))
    expect(oneTooMany).toMatchObject(notApplied('tooManyRequests'))
    proposer.tick(later(1_000))
    const [accepted] = propose(proposer)
    await turn()
    expect(accepted).toMatchObject({ state: 'pending' })
  })
})

describe('closing', () => {
  it('settles everything, and says of which the outcome is unknown', async () => {
    const { proposer } = createProposer()
    const [submitted] = propose(proposer)
    proposer.submit()
    const [queued] = propose(proposer)
    proposer.close()
    await turn()
    expect(submitted).toMatchObject(unknown('stopped'))
    expect(queued).toMatchObject(notApplied('stopped'))
    expect(proposer.pendingCount).toBe(0)
  })

  it('refuses what is proposed afterwards, since no turn would ever carry it', async () => {
    const { proposer } = createProposer()
    proposer.close()
    const [late] = propose(proposer)
    await turn()
    expect(late).toMatchObject(notApplied('stopped'))
    expect(proposer.pendingCount).toBe(0)
  })
})
