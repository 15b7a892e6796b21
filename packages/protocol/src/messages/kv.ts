/** Keys and values: range, put, deleterange, compaction. Source: etcd api/mvccpb, etcdserverpb. */

import { etcdErrors } from '../errors/etcd-errors.js'
import { ref, repeated } from '../schema/composite.js'
import { enumOf } from '../schema/enumeration.js'
import { id64, int64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'
import { bool, bytes } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'

export const KeyValue = message('KeyValue', {
  key: bytes(),
  createRevision: int64(),
  modRevision: int64(),
  version: int64(),
  value: bytes(),
  lease: id64(),
})
export type KeyValue = MessageOf<typeof KeyValue>

const sortOrder = enumOf(
  'etcdserverpb.RangeRequest_SortOrder',
  { NONE: 0, ASCEND: 1, DESCEND: 2 },
  etcdErrors.invalidSortOption.message,
)
const sortTarget = enumOf(
  'etcdserverpb.RangeRequest_SortTarget',
  { KEY: 0, VERSION: 1, CREATE: 2, MOD: 3, VALUE: 4 },
  etcdErrors.invalidSortOption.message,
)

export const RangeRequest = message('RangeRequest', {
  key: bytes(),
  rangeEnd: bytes(),
  limit: int64(),
  revision: int64(),
  sortOrder,
  sortTarget,
  serializable: bool(),
  keysOnly: bool(),
  countOnly: bool(),
  minModRevision: int64(),
  maxModRevision: int64(),
  minCreateRevision: int64(),
  maxCreateRevision: int64(),
})
export type RangeRequest = MessageOf<typeof RangeRequest>

export const RangeResponse = message('RangeResponse', {
  header: ref(() => ResponseHeader),
  kvs: repeated(ref(() => KeyValue)),
  more: bool(),
  count: int64(),
})
export type RangeResponse = MessageOf<typeof RangeResponse>

export const PutRequest = message('PutRequest', {
  key: bytes(),
  value: bytes(),
  lease: id64(),
  prevKv: bool(),
  ignoreValue: bool(),
  ignoreLease: bool(),
})
export type PutRequest = MessageOf<typeof PutRequest>

export const PutResponse = message('PutResponse', {
  header: ref(() => ResponseHeader),
  prevKv: ref(() => KeyValue),
})
export type PutResponse = MessageOf<typeof PutResponse>

export const DeleteRangeRequest = message('DeleteRangeRequest', {
  key: bytes(),
  rangeEnd: bytes(),
  prevKv: bool(),
})
export type DeleteRangeRequest = MessageOf<typeof DeleteRangeRequest>

export const DeleteRangeResponse = message('DeleteRangeResponse', {
  header: ref(() => ResponseHeader),
  deleted: int64(),
  prevKvs: repeated(ref(() => KeyValue)),
})
export type DeleteRangeResponse = MessageOf<typeof DeleteRangeResponse>

export const CompactionRequest = message('CompactionRequest', {
  revision: int64(),
  physical: bool(),
})
export type CompactionRequest = MessageOf<typeof CompactionRequest>

export const CompactionResponse = message('CompactionResponse', {
  header: ref(() => ResponseHeader),
})
export type CompactionResponse = MessageOf<typeof CompactionResponse>
