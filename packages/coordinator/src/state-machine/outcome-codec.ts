/**
 * Outcomes as bytes, for the requests that are remembered. Compact arrays, not maps; the first byte
 * is the version of the format. Kept in the state, so every member must write the same bytes.
 */

import { Packr } from 'msgpackr'
import type { AlarmType } from './command.js'
import { invariant } from './invariant.js'
import type { KeyValue } from './operation.js'
import type { CommandResult, OperationResult, Outcome, RefusalReason } from './outcome.js'

const FORMAT = 1
const packr = new Packr({ useRecords: false })

type PackedKeyValue = readonly [Uint8Array, Uint8Array, number, number, number, string]
type Packed = readonly unknown[]

export function encodeOutcome(outcome: Outcome): Uint8Array {
  const packed: Packed = outcome.ok
    ? [FORMAT, true, packResult(outcome.result)]
    : [FORMAT, false, outcome.reason, outcome.revision]
  return packr.pack(packed)
}

export function decodeOutcome(bytes: Uint8Array): Outcome {
  const [format, ok, first, second] = packr.unpack(bytes) as Packed
  invariant(format === FORMAT, `a remembered outcome has the unknown format ${String(format)}`)
  if (ok === true) return { ok, result: unpackResult(first as Packed) }
  return { ok: false, reason: first as RefusalReason, revision: second as number }
}

function packResult(result: CommandResult): Packed {
  const { type, revision } = result
  switch (result.type) {
    case 'put':
      return [type, revision, result.prevKv && packKv(result.prevKv)]
    case 'range':
      return [type, revision, result.kvs.map(packKv), result.more, result.count]
    case 'deleteRange':
      return [type, revision, result.deleted, result.prevKvs.map(packKv)]
    case 'txn':
      return [type, revision, result.succeeded, result.responses.map(packResult)]
    case 'leaseGrant':
      return [type, revision, result.id, result.ttlSeconds]
    case 'leaseExpire':
    case 'leaseCheckpoint':
      return [type, revision, result.void]
    case 'alarm':
      return [type, revision, result.alarms.map((alarm) => [alarm.memberId, alarm.type])]
    case 'compact':
    case 'leaseRevoke':
    case 'publishMember':
      return [type, revision]
  }
}

function unpackResult(packed: Packed): CommandResult {
  const [type, revision, first, second, third] = packed as [
    CommandResult['type'],
    number,
    ...Packed,
  ]
  switch (type) {
    case 'put': {
      const prevKv = (first ?? undefined) as PackedKeyValue | undefined
      return { type, revision, prevKv: prevKv && unpackKv(prevKv) }
    }
    case 'range': {
      const kvs = (first as PackedKeyValue[]).map(unpackKv)
      return { type, revision, kvs, more: second as boolean, count: third as number }
    }
    case 'deleteRange': {
      const prevKvs = (second as PackedKeyValue[]).map(unpackKv)
      return { type, revision, deleted: first as number, prevKvs }
    }
    case 'txn': {
      const responses = (second as Packed[]).map(unpackResult) as OperationResult[]
      return { type, revision, succeeded: first as boolean, responses }
    }
    case 'leaseGrant':
      return { type, revision, id: first as string, ttlSeconds: second as number }
    case 'leaseExpire':
    case 'leaseCheckpoint':
      return { type, revision, void: first as boolean }
    case 'alarm': {
      const alarms = (first as [string, AlarmType][]).map(([memberId, kind]) => ({
        memberId,
        type: kind,
      }))
      return { type, revision, alarms }
    }
    case 'compact':
    case 'leaseRevoke':
    case 'publishMember':
      return { type, revision }
  }
}

function packKv(kv: KeyValue): PackedKeyValue {
  return [kv.key, kv.value, kv.createRevision, kv.modRevision, kv.version, kv.lease]
}

function unpackKv(packed: PackedKeyValue): KeyValue {
  const [key, value, createRevision, modRevision, version, lease] = packed
  return { key, value, createRevision, modRevision, version, lease }
}
