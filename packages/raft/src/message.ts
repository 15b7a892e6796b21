/**
 * What members say to each other: one type per RPC and direction, never one struct with optional
 * fields, so that the compiler knows which fields a message has (Raft, Figure 2; thesis §6.4, §9.6).
 *
 * Every message names its sender, its receiver and the sender's term. A `preVote` and a granted
 * `preVoteResponse` carry the term the candidate *would* campaign in, and nobody adopts it.
 */

import type { Entry } from './entry.js'
import type { MemberId } from './member-id.js'
import type { Snapshot } from './snapshot.js'

export type { MemberId }

interface Envelope {
  readonly from: MemberId
  readonly to: MemberId
  readonly term: number
}

/** Asks whether the receiver would vote for the sender in `term` (thesis §9.6). Changes no state. */
export interface PreVote extends Envelope {
  readonly type: 'preVote'
  readonly lastLogIndex: number
  readonly lastLogTerm: number
}

export interface PreVoteResponse extends Envelope {
  readonly type: 'preVoteResponse'
  readonly granted: boolean
}

/** Raft §5.2, §5.4.1. */
export interface RequestVote extends Envelope {
  readonly type: 'requestVote'
  readonly lastLogIndex: number
  readonly lastLogTerm: number
  /** The leader itself asked for this election, so nobody protects it (thesis §4.2.3). */
  readonly isTransfer: boolean
}

export interface RequestVoteResponse extends Envelope {
  readonly type: 'requestVoteResponse'
  readonly granted: boolean
}

/** Raft §5.3. `entries` may be empty: a probe, or news of a higher commit index. */
export interface AppendEntries extends Envelope {
  readonly type: 'appendEntries'
  readonly prevLogIndex: number
  readonly prevLogTerm: number
  /** Of the entry at `prevLogIndex`, in a probe; see `fingerprint.ts`. */
  readonly prevLogFingerprint?: number | undefined
  readonly entries: readonly Entry[]
  readonly commitIndex: number
}

/** The follower's log equals the leader's, durably, up to and including `matchIndex`. */
export interface AppendEntriesAccepted extends Envelope {
  readonly type: 'appendEntriesAccepted'
  readonly matchIndex: number
}

/**
 * The consistency check failed at `prevLogIndex`. `hintIndex` and `hintTerm` name the newest entry
 * at which the follower's log could still match, so that the leader backs up by term (Raft §5.3).
 */
export interface AppendEntriesRejected extends Envelope {
  readonly type: 'appendEntriesRejected'
  readonly prevLogIndex: number
  readonly hintIndex: number
  readonly hintTerm: number
}

/**
 * `commitIndex` never exceeds what the receiver is known to hold. `readPosition` counts the rounds
 * of the leader's reads: an echo of p confirms every read up to p (thesis §6.4).
 */
export interface Heartbeat extends Envelope {
  readonly type: 'heartbeat'
  readonly commitIndex: number
  readonly readPosition: number
}

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeatResponse'
  readonly readPosition: number
}

/** A follower asks its leader for a read index (thesis §6.4.1). `ref` is the follower's own. */
export interface ReadIndexRequest extends Envelope {
  readonly type: 'readIndexRequest'
  readonly ref: number
}

/** `index` is undefined when the receiver could not serve the read. */
export interface ReadIndexResponse extends Envelope {
  readonly type: 'readIndexResponse'
  readonly ref: number
  readonly index: number | undefined
}

/**
 * Commands passed from a follower to its leader, to be appended in `term` or not at all. A receiver
 * that does not lead in that term refuses them, and never passes them on.
 */
export interface ForwardProposal extends Envelope {
  readonly type: 'forwardProposal'
  readonly ref: number
  readonly commands: readonly Uint8Array[]
}

/**
 * The receiver has received, whole and verified, a snapshot of the leader's state, and may take it
 * over in place of its log (Raft §7). The driver carries the contents and hands over this message
 * when it has them.
 */
export interface InstallSnapshot extends Envelope {
  readonly type: 'installSnapshot'
  readonly snapshot: Snapshot
}

/** The leader asks the receiver, whose log is complete, to campaign at once (thesis §3.10). */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeoutNow'
}

/** The forwarded commands were not appended anywhere: their outcome is "not applied". */
export interface ForwardProposalRejected extends Envelope {
  readonly type: 'forwardProposalRejected'
  readonly ref: number
}

export type Message =
  | PreVote
  | PreVoteResponse
  | RequestVote
  | RequestVoteResponse
  | AppendEntries
  | AppendEntriesAccepted
  | AppendEntriesRejected
  | Heartbeat
  | HeartbeatResponse
  | ReadIndexRequest
  | ReadIndexResponse
  | ForwardProposal
  | ForwardProposalRejected
  | InstallSnapshot
  | TimeoutNow
