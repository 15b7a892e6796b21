/** How messages, entries and Readys look in a transcript. Positions are written index/term. */

import type { Entry } from './entry.js'
import { decodeMembership, type Membership } from './membership.js'
import type { MemoryLog } from './memory-log.test-support.js'
import type { Message, PreVote, RequestVote } from './message.js'
import type { Append, Ready, Status } from './ready.js'
import type { Snapshot } from './snapshot.js'

export function describeEntries(entries: readonly Entry[]): string {
  return `[${entries.map(describeEntry).join(', ')}]`
}

/** What is durable, behind the snapshot that it begins with. */
export function describeLog(log: MemoryLog): string {
  const baseIndex = log.firstIndex() - 1
  const base = baseIndex === 0 ? '' : `after ${baseIndex}/${log.term(baseIndex)} `
  return `${base}${describeEntries(log.all)}`
}

function describeEntry({ index, term, kind, data }: Entry): string {
  switch (kind) {
    case 'noop':
      return `${index}/${term} noop`
    case 'membership':
      return `${index}/${term} (${describeMembership(decodeMembership(data))})`
    case 'command':
      return `${index}/${term} ${String.fromCharCode(...data)}`
  }
}

export function describeMessage(message: Message): string {
  const { type, from, to, term } = message
  return `${from}->${to} ${type} term=${term}${describeContent(message)}`
}

function describeContent(message: Message): string {
  switch (message.type) {
    case 'preVote':
    case 'requestVote':
      return ` last=${message.lastLogIndex}/${message.lastLogTerm}${describeTransfer(message)}`
    case 'preVoteResponse':
    case 'requestVoteResponse':
      return message.granted ? ' granted' : ' refused'
    case 'appendEntries': {
      const { prevLogIndex, prevLogTerm, commitIndex, entries } = message
      const prev = `prev=${prevLogIndex}/${prevLogTerm}`
      return ` ${prev} commit=${commitIndex} ${describeEntries(entries)}`
    }
    case 'appendEntriesAccepted':
      return ` match=${message.matchIndex}`
    case 'appendEntriesRejected':
      return ` prev=${message.prevLogIndex} hint=${message.hintIndex}/${message.hintTerm}`
    case 'heartbeat':
      return ` commit=${message.commitIndex} read=${message.readPosition}`
    case 'heartbeatResponse':
      return ` read=${message.readPosition}`
    case 'readIndexRequest':
      return ` ref=${message.ref}`
    case 'readIndexResponse':
      return ` ref=${message.ref} index=${message.index ?? 'none'}`
    case 'forwardProposal': {
      const words = message.commands.map((command) => String.fromCharCode(...command))
      return ` ref=${message.ref} [${words.join(', ')}]`
    }
    case 'forwardProposalRejected':
      return ` ref=${message.ref}`
    case 'installSnapshot':
      return ` ${describeSnapshot(message.snapshot)}`
    case 'timeoutNow':
      return ''
  }
}

function describeTransfer(message: PreVote | RequestVote): string {
  return message.type === 'requestVote' && message.isTransfer ? ' transfer' : ''
}

function describeSnapshot({ index, term, membership }: Snapshot): string {
  return `snapshot=${index}/${term} ${describeMembership(membership)}`
}

export function describeMembership({ voters, learners, context }: Membership): string {
  const aside = learners.length === 0 ? '' : ` learners=${learners.join(',')}`
  const text = String.fromCharCode(...(context ?? []))
  return `voters=${voters.join(',')}${aside}${text === '' ? '' : ` context=${text}`}`
}

export function describeStatus({ role, term, leaderId, commitIndex }: Status): string {
  return `${role} in term ${term}, leader ${leaderId ?? 'unknown'}, commit ${commitIndex}`
}

export function describeAppend({ hardState, snapshot, entries, term, index }: Append): string {
  const state =
    hardState === undefined ? '' : ` term=${hardState.term} vote=${hardState.votedFor ?? 'none'}`
  const before = snapshot === undefined ? '' : ` ${describeSnapshot(snapshot)}`
  const log = entries.length === 0 ? '' : ` ${describeEntries(entries)}`
  return `(term ${term}, index ${index})${state}${before}${log}`
}

/** One line for each thing that a Ready asks for. */
export function describeReady(id: string, ready: Ready): string[] {
  const { status, membership, append, messages, committed } = ready
  const { readStates, droppedReads, droppedProposals, snapshotsToSend } = ready
  const lines = [`${id} is ready${status === undefined ? '' : `: ${describeStatus(status)}`}`]
  if (membership !== undefined) {
    lines.push(`  in force since ${membership.index}: ${describeMembership(membership.membership)}`)
  }
  lines.push(...messages.map((message) => `  send ${describeMessage(message)}`))
  if (append !== undefined) {
    lines.push(`  write ${describeAppend(append)}`)
    lines.push(...append.messages.map((message) => `    then send ${describeMessage(message)}`))
  }
  if (committed.length > 0) lines.push(`  apply ${describeEntries(committed)}`)
  lines.push(...readStates.map(({ ref, index }) => `  answer read ${ref} at ${index}`))
  lines.push(...droppedReads.map((ref) => `  drop read ${ref}`))
  lines.push(...droppedProposals.map((ref) => `  refused proposal ${ref}`))
  lines.push(...snapshotsToSend.map((to) => `  send a snapshot to ${to}`))
  return lines
}
