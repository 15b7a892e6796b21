/** Status and alarms of a member, and who leads. Snapshots, hashes and the rest join this file when they exist. */

import { ref, repeated } from '../schema/composite.js'
import { enumOf } from '../schema/enumeration.js'
import { named } from '../schema/field.js'
import { int64, uint64, unsignedId64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'
import { bool, string } from '../schema/scalar.js'
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
