/**
 * The proposer's promise to its callers: an outcome is delivered once, a proposal takes effect at
 * most once, and an outcome that is not known is called unknown (catalogue 18, 24).
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProposeResult } from '@holdfast/raft'
import type { Command, Proposal } from '../state-machine/command.js'
import { type CommandResult, Refusal } from '../state-machine/outcome.js'
import type { AppliedProposal } from '../state-machine/state-machine.js'
import { NodeError } from './node-error.js'
import {
  MAX_PENDING_PROPOSALS,
  MAX_PENDING_PROPOSAL_BYTES,
  Proposer,
  type ProposalSink,
} from './proposer.js'
import { track, turn, type Tracked } from './tracked.test-support.js'

const ORIGIN = '1/first'
const TIMEOUT_MS = 7_000

function command(revision = 1): Command {
  return { type: 'compact', revision }
}

function encode(proposal: Proposal): Uint8Array {
  return Buffer.from(JSON.stringify(proposal))
}

function decode(data: Uint8Array): Proposal {
  return JSON.parse(Buffer.from(data).toString()) as Proposal
}

interface Batch {
  readonly ref: number
  readonly term: number
  readonly proposals: readonly Proposal[]
}

/** A core that answers as it is told. */
class ScriptedSink implements ProposalSink {
  status = { term: 1 }
  answer: ProposeResult = 'appended'
  readonly batches: Batch[] = []

  propose(commands: readonly Uint8Array[], ref: number): ProposeResult {
    this.batches.push({ ref, term: this.status.term, proposals: commands.map(decode) })
    return this.answer
  }

  get sequences(): number[][] {
    return this.batches.map(({ proposals }) => proposals.map(({ sequence }) => sequence))
  }

  get lastBatch(): Batch {
    return this.batches.at(-1)!
  }
}

function applied(proposal: Proposal, revision = proposal.sequence): AppliedProposal {
  return { proposal, outcome: { ok: true, result: { type: 'compact', revision } } }
}

function createProposer(encodeWith = encode): {
  proposer: Proposer
  sink: ScriptedSink
  wakes: () => number
} {
  const sink = new ScriptedSink()
  let wakes = 0
  const wake = (): void => {
    wakes += 1
  }
  const proposer = new Proposer({ sink, origin: ORIGIN, encode: encodeWith, wake })
  return { proposer, sink, wakes: () => wakes }
}

function propose(proposer: Proposer, count = 1, timeoutMs = TIMEOUT_MS): Tracked<CommandResult>[] {
  return Array.from({ length: count }, () => track(proposer.propose(command(), { timeoutMs })))
}

const notApplied = (reason: NodeError['reason']): object => ({
  state: 'rejected',
  error: new NodeError(reason, 'not-applied'),
})

const unknown = (reason: NodeError['reason']): object => ({
  state: 'rejected',
  error: new NodeError(reason, 'unknown'),
})

function later(ms: number): number {
  return performance.now() + ms
}

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
    const firstRefs = Array.from({ length: 4 }, () => {
      const { proposer, sink } = createProposer()
      propose(proposer)
      proposer.submit()
      return sink.lastBatch.ref
    })
    expect(new Set(firstRefs).size).toBe(4)
    expect(firstRefs.every((ref) => Number.isSafeInteger(ref))).toBe(true)
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

type Step =
  | { readonly type: 'propose' | 'apply' | 'deliver' | 'refuse' | 'lose' | 'tick' }
  | { readonly type: 'submit'; readonly answer: ProposeResult }
  | { readonly type: 'newTerm'; readonly keep: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constantFrom('propose', 'apply', 'deliver', 'refuse', 'lose', 'tick' as const),
  }),
  fc.record({
    type: fc.constant('submit' as const),
    answer: fc.constantFrom<ProposeResult>(
      'appended',
      'appended',
      'forwarded',
      'forwarded',
      'noLeader',
      'tooManyUncommitted',
    ),
  }),
  fc.record({ type: fc.constant('newTerm' as const), keep: fc.nat(5) }),
)

/** A cluster as the proposer can tell: one log, a wire that may lose, leaders that come and go. */
class ScriptedCluster {
  readonly sink = new ScriptedSink()
  readonly proposer = new Proposer({
    sink: this.sink,
    origin: ORIGIN,
    encode,
    wake: () => undefined,
  })
  readonly callers: Tracked<CommandResult>[] = []
  readonly timesApplied = new Map<number, number>()
  readonly #log: { readonly term: number; readonly proposal: Proposal | undefined }[] = []
  #wire: Batch[] = []
  #appliedCount = 0

  run(step: Step): void {
    switch (step.type) {
      case 'propose':
        this.callers.push(...propose(this.proposer))
        return
      case 'submit': {
        this.#submit(step.answer)
        return
      }
      case 'deliver': {
        this.#deliver(this.#wire.shift())
        return
      }
      case 'refuse': {
        this.#refuse(this.#wire.shift())
        return
      }
      case 'lose':
        this.#wire.shift()
        return
      case 'newTerm': {
        this.#elect(step.keep)
        return
      }
      case 'apply': {
        this.#apply()
        return
      }
      case 'tick':
        this.proposer.tick(later(0))
    }
  }

  /** Everything that is still under way arrives, and everything that was appended is applied. */
  finish(): void {
    while (this.#wire.length > 0) this.#deliver(this.#wire.shift())
    while (this.#appliedCount < this.#log.length) this.#apply()
  }

  #submit(answer: ProposeResult): void {
    const { batches } = this.sink
    const before = batches.length
    this.sink.answer = answer
    this.proposer.submit()
    const batch = batches[before]
    if (batch === undefined) return
    if (answer === 'appended') this.#append(batch)
    if (answer === 'forwarded') this.#wire.push(batch)
  }

  #append({ proposals }: Batch): void {
    const { term } = this.sink.status
    for (const proposal of proposals) this.#log.push({ term, proposal })
  }

  /** A leader appends what was forwarded in its own term and refuses the rest. */
  #deliver(batch: Batch | undefined): void {
    if (batch?.term === this.sink.status.term) this.#append(batch)
    else this.#refuse(batch)
  }

  #refuse(batch: Batch | undefined): void {
    if (batch !== undefined) this.proposer.onDropped([batch.ref])
  }

  /** The new leader lacks the end of the log, but nothing that was applied anywhere. */
  #elect(keep: number): void {
    this.#log.length = Math.min(this.#log.length, this.#appliedCount + keep)
    this.sink.status = { term: this.sink.status.term + 1 }
    this.#log.push({ term: this.sink.status.term, proposal: undefined })
  }

  #apply(): void {
    const slice = this.#log.slice(this.#appliedCount, this.#appliedCount + 2)
    if (slice.length === 0) return
    this.#appliedCount += slice.length
    const proposals = slice.flatMap(({ proposal }) => proposal ?? [])
    for (const { sequence } of proposals) {
      this.timesApplied.set(sequence, (this.timesApplied.get(sequence) ?? 0) + 1)
    }
    this.proposer.onApplied(
      proposals.map((proposal) => applied(proposal)),
      slice.at(-1)!.term,
    )
  }
}

describe('against a scripted log', () => {
  it('applies nothing twice, settles everything, and never mistakes an outcome', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const cluster = new ScriptedCluster()
        for (const each of steps) cluster.run(each)
        cluster.proposer.tick(later(TIMEOUT_MS))
        cluster.finish()
        await turn()
        for (const [index, caller] of cluster.callers.entries()) {
          const times = cluster.timesApplied.get(index + 1) ?? 0
          expect(times).toBeLessThanOrEqual(1)
          expect(caller.state).not.toBe('pending')
          if (caller.state === 'fulfilled') {
            expect(times).toBe(1)
            expect(caller.value).toEqual({ type: 'compact', revision: index + 1 })
          } else if ((caller.error as NodeError).outcome === 'not-applied') {
            expect(times).toBe(0)
          }
        }
        expect(cluster.proposer.pendingCount).toBe(0)
      }),
      { numRuns: 400 },
    )
  })
})
