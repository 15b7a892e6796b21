/**
 * Transactions. A transaction holds operations and an operation may be a transaction, so the types of
 * these messages are written out: TypeScript cannot infer a type from itself.
 */

import { ref, repeated } from '../schema/composite.js'
import { enumOf } from '../schema/enumeration.js'
import { id64, int64 } from '../schema/integer.js'
import { message, type InputOf, type Message, type MessageOf } from '../schema/message.js'
import { bool, bytes } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
} from './kv.js'

/** If `target` and the operand that is set disagree, the operand reads as 0 or empty. */
export const Compare = message(
  'Compare',
  {
    result: enumOf('etcdserverpb.Compare_CompareResult', {
      EQUAL: 0,
      GREATER: 1,
      LESS: 2,
      NOT_EQUAL: 3,
    }),
    target: enumOf('etcdserverpb.Compare_CompareTarget', {
      VERSION: 0,
      CREATE: 1,
      MOD: 2,
      VALUE: 3,
      LEASE: 4,
    }),
    key: bytes(),
    version: int64(),
    createRevision: int64(),
    modRevision: int64(),
    value: bytes(),
    lease: id64(),
    rangeEnd: bytes(),
  },
  { oneof: [['version', 'createRevision', 'modRevision', 'value', 'lease']] },
)
export type Compare = MessageOf<typeof Compare>
export type CompareInput = InputOf<typeof Compare>

/** At most one member is set. None is legal on the wire, and refused as `key not found`. */
export interface RequestOp {
  readonly requestRange: RangeRequest | undefined
  readonly requestPut: PutRequest | undefined
  readonly requestDeleteRange: DeleteRangeRequest | undefined
  readonly requestTxn: TxnRequest | undefined
}

export interface RequestOpInput {
  readonly requestRange?: InputOf<typeof RangeRequest> | undefined
  readonly requestPut?: InputOf<typeof PutRequest> | undefined
  readonly requestDeleteRange?: InputOf<typeof DeleteRangeRequest> | undefined
  readonly requestTxn?: TxnRequestInput | undefined
}

export interface TxnRequest {
  readonly compare: readonly Compare[]
  readonly success: readonly RequestOp[]
  readonly failure: readonly RequestOp[]
}

export interface TxnRequestInput {
  readonly compare?: readonly CompareInput[] | undefined
  readonly success?: readonly RequestOpInput[] | undefined
  readonly failure?: readonly RequestOpInput[] | undefined
}

export const RequestOp: Message<RequestOp, RequestOpInput> = message(
  'RequestOp',
  {
    requestRange: ref(() => RangeRequest),
    requestPut: ref(() => PutRequest),
    requestDeleteRange: ref(() => DeleteRangeRequest),
    requestTxn: ref((): Message<TxnRequest, TxnRequestInput> => TxnRequest),
  },
  { oneof: [['requestRange', 'requestPut', 'requestDeleteRange', 'requestTxn']] },
)

export const TxnRequest: Message<TxnRequest, TxnRequestInput> = message('TxnRequest', {
  compare: repeated(ref(() => Compare)),
  success: repeated(ref(() => RequestOp)),
  failure: repeated(ref(() => RequestOp)),
})

/** Exactly one member is set by a server. */
export interface ResponseOp {
  readonly responseRange: RangeResponse | undefined
  readonly responsePut: PutResponse | undefined
  readonly responseDeleteRange: DeleteRangeResponse | undefined
  readonly responseTxn: TxnResponse | undefined
}

export interface ResponseOpInput {
  readonly responseRange?: InputOf<typeof RangeResponse> | undefined
  readonly responsePut?: InputOf<typeof PutResponse> | undefined
  readonly responseDeleteRange?: InputOf<typeof DeleteRangeResponse> | undefined
  readonly responseTxn?: TxnResponseInput | undefined
}

export interface TxnResponse {
  readonly header: ResponseHeader | undefined
  readonly succeeded: boolean
  readonly responses: readonly ResponseOp[]
}

export interface TxnResponseInput {
  readonly header?: InputOf<typeof ResponseHeader> | undefined
  readonly succeeded?: boolean | undefined
  readonly responses?: readonly ResponseOpInput[] | undefined
}

export const ResponseOp: Message<ResponseOp, ResponseOpInput> = message(
  'ResponseOp',
  {
    responseRange: ref(() => RangeResponse),
    responsePut: ref(() => PutResponse),
    responseDeleteRange: ref(() => DeleteRangeResponse),
    responseTxn: ref((): Message<TxnResponse, TxnResponseInput> => TxnResponse),
  },
  { oneof: [['responseRange', 'responsePut', 'responseDeleteRange', 'responseTxn']] },
)

export const TxnResponse: Message<TxnResponse, TxnResponseInput> = message('TxnResponse', {
  header: ref(() => ResponseHeader),
  succeeded: bool(),
  responses: repeated(ref(() => ResponseOp)),
})
