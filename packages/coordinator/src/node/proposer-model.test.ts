/** The proposer against a log that is cut, a wire that loses and refuses, and leaders that change. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProposeResult } from '@holdfast/raft'
import type { Proposal } from '../state-machine/command.js'
import type { CommandResult } from '../state-machine/outcome.js'
import { systemClock } from '../time/clock.js'
import type { NodeError } from './node-error.js'
import { Proposer } from './proposer.js'
import {
  applied,
  type Batch,
  encode,
  later,
  ORIGIN,
  propose,
  ScriptedSink,
  TIMEOUT_MS,
} from './proposer.test-support.js'
import { turn, type Tracked } from './tracked.test-support.js'

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
    clock: systemClock,
    firstRef: 7,
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
