/** The state of a member: status, alarms, hashes, copies, and who leads. Source: etcd api/etcdserverpb. */

import { ref, repeated } from '../schema/composite.js'
import { enumOf } from '../schema/enumeration.js'
import { named } from '../schema/field.js'
import { int64, uint32, uint64, unsignedId64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'
import { bool, bytes, string } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'

export const StatusRequest = message('StatusRequest', {})

export const StatusResponse = message('StatusResponse', {
  header: ref(() => ResponseHeader),
  version: string(),
  dbSize: named('dbSize', int64()),
  /** The leader's member id, `'0'` when the member knows none. */
  leader: unsignedId64(),
  raftIndex: named('raftIndex', uint64()),
  raftTerm: named('raftTerm', uint64()),
  raftAppliedIndex: named('raftAppliedIndex', uint64()),
  errors: repeated(string()),
  dbSizeInUse: named('dbSizeInUse', int64()),
  isLearner: named('isLearner', bool()),
  storageVersion: named('storageVersion', string()),
  dbSizeQuota: named('dbSizeQuota', int64()),
})
export type StatusResponse = MessageOf<typeof StatusResponse>

const alarm = enumOf('etcdserverpb.AlarmType', { NONE: 0, NOSPACE: 1, CORRUPT: 2 })
const memberId = named('memberID', unsignedId64())

export const AlarmMember = message('AlarmMember', { memberId, alarm })
export type AlarmMember = MessageOf<typeof AlarmMember>

export const AlarmRequest = message('AlarmRequest', {
  action: enumOf('etcdserverpb.AlarmRequest_AlarmAction', { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 }),
  memberId,
  alarm,
})
export type AlarmRequest = MessageOf<typeof AlarmRequest>

export const AlarmResponse = message('AlarmResponse', {
  header: ref(() => ResponseHeader),
  alarms: repeated(ref(() => AlarmMember)),
})
export type AlarmResponse = MessageOf<typeof AlarmResponse>

export const MoveLeaderRequest = message('MoveLeaderRequest', {
  targetId: named('targetID', unsignedId64()),
})
export type MoveLeaderRequest = MessageOf<typeof MoveLeaderRequest>

export const MoveLeaderResponse = message('MoveLeaderResponse', {
  header: ref(() => ResponseHeader),
})
export type MoveLeaderResponse = MessageOf<typeof MoveLeaderResponse>

export const DefragmentRequest = message('DefragmentRequest', {})

/** Etcd never fills in the header either. */
export const DefragmentResponse = message('DefragmentResponse', {
  header: ref(() => ResponseHeader),
})
export type DefragmentResponse = MessageOf<typeof DefragmentResponse>

export const HashRequest = message('HashRequest', {})

export const HashResponse = message('HashResponse', {
  header: ref(() => ResponseHeader),
  /** Of everything that the member stores. */
  hash: uint32(),
})
export type HashResponse = MessageOf<typeof HashResponse>

export const HashKvRequest = message('HashKVRequest', {
  /** Up to which keys count; 0: up to the newest. */
  revision: int64(),
})
export type HashKvRequest = MessageOf<typeof HashKvRequest>

export const HashKvResponse = message('HashKVResponse', {
  header: ref(() => ResponseHeader),
  /** Of all versions of all keys that are not compacted away. Equal on equal members. */
  hash: uint32(),
  compactRevision: int64(),
  hashRevision: int64(),
})
export type HashKvResponse = MessageOf<typeof HashKvResponse>

export const SnapshotRequest = message('SnapshotRequest', {})

/** One piece of a copy of the store. That of the last message is the SHA-256 of all before it. */
export const SnapshotResponse = message('SnapshotResponse', {
  header: ref(() => ResponseHeader),
  /** Bytes of the copy, without its sum, that are still to come. */
  remainingBytes: uint64(),
  blob: bytes(),
  version: string(),
})
export type SnapshotResponse = MessageOf<typeof SnapshotResponse>

export const DowngradeRequest = message('DowngradeRequest', {
  action: enumOf('etcdserverpb.DowngradeRequest_DowngradeAction', {
    VALIDATE: 0,
    ENABLE: 1,
    CANCEL: 2,
  }),
  version: string(),
})
export type DowngradeRequest = MessageOf<typeof DowngradeRequest>

export const DowngradeResponse = message('DowngradeResponse', {
  header: ref(() => ResponseHeader),
  version: string(),
})
export type DowngradeResponse = MessageOf<typeof DowngradeResponse>
