/**
 * The log's data format: one version byte, then the proposal as MessagePack arrays (not maps: names
 * would be repeated in every entry). An entry is kept for as long as the log is, and is read by every
 * member, so an unknown version is refused instead of being guessed at.
 */

import { Packr } from 'msgpackr'
import type { AlarmType } from './command.js'
import type { Command, LeaseCheckpoint, Proposal, RequestId } from './command.js'
import type { DirectoryStamp } from './directory-stamp.js'
import { packOperation, unpackOperation, type Packed } from './operation-codec.js'

export const PROPOSAL_FORMAT = 1

/** An entry that this program cannot read. The member must stop: skipping it would diverge. */
export class ProposalFormatError extends Error {
  override readonly name = 'ProposalFormatError'
}

const packr = new Packr({ useRecords: false })

export function encodeProposal(proposal: Proposal): Uint8Array {
  const { origin, sequence, requestId, command } = proposal
  const body = packr.pack([
    origin,
    sequence,
    requestId === undefined ? null : packRequestId(requestId),
    packCommand(command),
  ])
  // Copied out of the packer's shared buffer: the entry outlives it by far.
  const bytes = new Uint8Array(1 + body.length)
  bytes[0] = PROPOSAL_FORMAT
  bytes.set(body, 1)
  return bytes
}

/** @throws ProposalFormatError if a newer program wrote it, or it is no proposal at all */
export function decodeProposal(bytes: Uint8Array): Proposal {
  const format = bytes[0]
  if (format !== PROPOSAL_FORMAT) {
    throw new ProposalFormatError(
      `the log holds a proposal of format ${String(format)}, but this program reads only format ${PROPOSAL_FORMAT}: run the version that wrote it, or a newer one`,
    )
  }
  return unpackProposal(unpackBody(bytes.subarray(1)))
}

function unpackBody(body: Uint8Array): unknown {
  try {
    return packr.unpack(body)
  } catch (cause) {
    throw new ProposalFormatError('the log holds a proposal that cannot be decoded', { cause })
  }
}

function unpackProposal(body: unknown): Proposal {
  if (!Array.isArray(body) || body.length !== 4) {
    throw new ProposalFormatError('the log holds a proposal that is not one')
  }
  const [origin, sequence, request, command] = body as [
    string,
    number,
    PackedRequestId | null,
    Packed,
  ]
  return {
    origin,
    sequence,
    requestId: request === null ? undefined : unpackRequestId(request),
    command: unpackCommand(command),
  }
}

type PackedRequestId = readonly [string, number] | readonly [string, number, isRepetition: true]

function packRequestId({ id, issuedAtRevision, isRepetition }: RequestId): PackedRequestId {
  return isRepetition === true ? [id, issuedAtRevision, true] : [id, issuedAtRevision]
}

function unpackRequestId([id, issuedAtRevision, isRepetition]: PackedRequestId): RequestId {
  return isRepetition === true ? { id, issuedAtRevision, isRepetition } : { id, issuedAtRevision }
}

const KV = 0
const COMPACT = 1
const LEASE_GRANT = 2
const LEASE_REVOKE = 3
const LEASE_EXPIRE = 4
const PUBLISH_MEMBER = 5
const ALARM = 6
const LEASE_CHECKPOINT = 7

function packCommand(command: Command): Packed {
  switch (command.type) {
    case 'kv':
      return [KV, packOperation(command.operation)]
    case 'compact':
      return [COMPACT, command.revision]
    case 'leaseGrant':
      return [LEASE_GRANT, command.id, command.ttlSeconds]
    case 'leaseRevoke':
      return [LEASE_REVOKE, command.id]
    case 'leaseExpire':
      return [LEASE_EXPIRE, command.id, command.term, command.grantedIndex]
    case 'leaseCheckpoint':
      return [LEASE_CHECKPOINT, command.term, command.checkpoints.map(packCheckpoint)]
    case 'publishMember': {
      const { id, name, clientUrls, directory } = command.member
      if (directory === undefined) return [PUBLISH_MEMBER, id, name, clientUrls]
      return [PUBLISH_MEMBER, id, name, clientUrls, packStamp(directory)]
    }
    case 'alarm': {
      const { action, alarm } = command
      return [ALARM, action, alarm.memberId, alarm.type]
    }
  }
}

function unpackCommand(packed: Packed): Command {
  const [tag, first, second, third, fourth] = packed
  switch (tag) {
    case KV:
      return { type: 'kv', operation: unpackOperation(first as Packed) }
    case COMPACT:
      return { type: 'compact', revision: first as number }
    case LEASE_GRANT:
      return { type: 'leaseGrant', id: first as string, ttlSeconds: second as number }
    case LEASE_REVOKE:
      return { type: 'leaseRevoke', id: first as string }
    case LEASE_EXPIRE:
      return {
        type: 'leaseExpire',
        id: first as string,
        term: second as number,
        grantedIndex: third as number,
      }
    case LEASE_CHECKPOINT: {
      const checkpoints = (second as PackedCheckpoint[]).map(unpackCheckpoint)
      return { type: 'leaseCheckpoint', term: first as number, checkpoints }
    }
    case PUBLISH_MEMBER: {
      const member = { id: first as string, name: second as string, clientUrls: third as string[] }
      if (fourth === undefined) return { type: 'publishMember', member }
      const directory = unpackStamp(fourth as PackedStamp)
      return { type: 'publishMember', member: { ...member, directory } }
    }
    case ALARM:
      return {
        type: 'alarm',
        action: first as 'raise' | 'disarm',
        alarm: { memberId: second as string, type: third as AlarmType },
      }
    default:
      throw new ProposalFormatError(`the log holds an unknown command ${String(tag)}`)
  }
}

type PackedCheckpoint = readonly [id: string, grantedIndex: number, remainingSeconds: number]

function packCheckpoint(checkpoint: LeaseCheckpoint): PackedCheckpoint {
  const { id, grantedIndex, remainingSeconds } = checkpoint
  return [id, grantedIndex, remainingSeconds]
}

function unpackCheckpoint([id, grantedIndex, remainingSeconds]: PackedCheckpoint): LeaseCheckpoint {
  return { id, grantedIndex, remainingSeconds }
}

type PackedStamp = readonly [directoryId: string, generation: number, generationId: string]

function packStamp({ directoryId, generation, generationId }: DirectoryStamp): PackedStamp {
  return [directoryId, generation, generationId]
}

function unpackStamp([directoryId, generation, generationId]: PackedStamp): DirectoryStamp {
  return { directoryId, generation, generationId }
}
