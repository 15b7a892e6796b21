/** A core that answers as it is told, and a proposer over it. */

import type { ProposeResult } from '@holdfast/raft'
import type { Command, Proposal } from '../state-machine/command.js'
import type { CommandResult } from '../state-machine/outcome.js'
import type { AppliedProposal } from '../state-machine/state-machine.js'
import { systemClock } from '../time/clock.js'
import { NodeError } from './node-error.js'
import { Proposer, type ProposalSink } from './proposer.js'
import { track, type Tracked } from './tracked.test-support.js'

export const ORIGIN = '1/first'
export const TIMEOUT_MS = 7_000

export function command(revision = 1): Command {
  return { type: 'compact', revision }
}

export function encode(proposal: Proposal): Uint8Array {
  return Buffer.from(JSON.stringify(proposal))
}

export function decode(data: Uint8Array): Proposal {
  return JSON.parse(Buffer.from(data).toString()) as Proposal
}

/** Encodes to a given length. */
export function padded(bytes: number): (proposal: Proposal) => Uint8Array {
  return (proposal) => Buffer.from(JSON.stringify(proposal).padEnd(bytes))
}

export interface Batch {
  readonly ref: number
  readonly term: number
  readonly proposals: readonly Proposal[]
}

/** A core that answers as it is told. */
export class ScriptedSink implements ProposalSink {
  status = { term: 1 }
  answer: ProposeResult = 'appended'
  /** Given before `answer`, one each. */
  answers: ProposeResult[] = []
  readonly batches: Batch[] = []

  propose(commands: readonly Uint8Array[], ref: number): ProposeResult {
    this.batches.push({ ref, term: this.status.term, proposals: commands.map(decode) })
    return this.answers.shift() ?? this.answer
  }

  get sequences(): number[][] {
    return this.batches.map(({ proposals }) => proposals.map(({ sequence }) => sequence))
  }

  get lastBatch(): Batch {
    return this.batches.at(-1)!
  }
}

export function applied(proposal: Proposal, revision = proposal.sequence): AppliedProposal {
  return { proposal, outcome: { ok: true, result: { type: 'compact', revision } } }
}

export function createProposer(
  encodeWith = encode,
  firstRef = 7,
): {
  proposer: Proposer
  sink: ScriptedSink
  wakes: () => number
} {
  const sink = new ScriptedSink()
  let wakes = 0
  const wake = (): void => {
    wakes += 1
  }
  const proposer = new Proposer({
    ...{ sink, origin: ORIGIN, encode: encodeWith, wake },
    ...{ clock: systemClock, firstRef },
  })
  return { proposer, sink, wakes: () => wakes }
}

export function propose(
  proposer: Proposer,
  count = 1,
  timeoutMs = TIMEOUT_MS,
): Tracked<CommandResult>[] {
  return Array.from({ length: count }, () => track(proposer.propose(command(), { timeoutMs })))
}

export const notApplied = (reason: NodeError['reason']): object => ({
  state: 'rejected',
  error: new NodeError(reason, 'not-applied'),
})

export const unknown = (reason: NodeError['reason']): object => ({
  state: 'rejected',
  error: new NodeError(reason, 'unknown'),
})

export function later(ms: number): number {
  return performance.now() + ms
}
