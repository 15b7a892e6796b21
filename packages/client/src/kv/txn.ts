/**
 * Transactions: conditions, what to do if all of them hold, what to do otherwise. The types follow
 * the operations: result number 2 of a branch is the result of its operation number 2.
 */

import {
  HoldfastError,
  routes,
  type RequestOpInput,
  type ResponseOp,
  type TxnRequestInput,
  type TxnResponse,
} from '@holdfast/protocol'
import type { CallOptions } from '../rpc/call.js'
import type { Rpc } from '../rpc/rpc.js'
import type { WaitOptions } from '../time/scope.js'
import type { Compare } from './compare.js'
import type { Key, KeyRange, Value } from './keys.js'
import {
  deleteRequest,
  deleteResult,
  getResult,
  putRequest,
  putResult,
  rangeRequest,
  rangeResult,
  type DeleteOptions,
  type DeleteResult,
  type GetResult,
  type PutOptions,
  type PutResult,
  type RangeOptions,
  type RangeResult,
} from './operations.js'

/** An operation of a transaction, and how its result is read. Make one with `op`. */
export class Op<Result> {
  /** @internal */
  readonly message: RequestOpInput
  /** @internal */
  readonly reads: boolean
  /** @internal */
  readonly read: (response: ResponseOp) => Result

  /** @internal */
  constructor(message: RequestOpInput, reads: boolean, read: (response: ResponseOp) => Result) {
    this.message = message
    this.reads = reads
    this.read = read
  }
}

export interface Txn {
  /** Conditions, which must all hold. Default none, which holds. */
  readonly if?: readonly Compare[]
  /** Executed in order if they hold; each sees what those before it wrote. */
  readonly then?: readonly Op<unknown>[]
  /** Executed otherwise. */
  readonly else?: readonly Op<unknown>[]
}

type ThenOf<T> = T extends { readonly then: infer Ops } ? Ops : readonly []
type ElseOf<T> = T extends { readonly else: infer Ops } ? Ops : readonly []

type Results<Ops> = {
  readonly [Index in keyof Ops]: Ops[Index] extends Op<infer Result> ? Result : never
}

interface Succeeded<T> {
  readonly succeeded: true
  readonly results: Results<ThenOf<T>>
}

/** Without conditions there is nothing that could fail. */
type Failed<T> = 'if' extends keyof T
  ? { readonly succeeded: false; readonly results: Results<ElseOf<T>> }
  : never

/** Which branch was taken, and its results in the order of its operations. */
export type TxnResult<T extends Txn = Txn> = (Succeeded<T> | Failed<T>) & {
  /** The store's revision after the transaction; 0 inside of another. */
  readonly revision: number
}

/**
 * Makes the operations of a transaction. They take the options of the plain operations.
 *
 * @example
 * ```ts
 * const result = await holdfast.txn({
 *   if: [compare.absent('jobs/7')],
 *   then: [op.put('jobs/7', 'mine'), op.get('jobs/last')],
 *   else: [op.get('jobs/7')],
 * })
 * if (result.succeeded) result.results[1].entry?.text()
 * else result.results[0].entry?.text()
 * ```
 */
export const op = Object.freeze({
  get: (key: Key, options: RangeOptions = {}): Op<GetResult> =>
    new Op({ requestRange: rangeRequest(key, options) }, true, ({ responseRange }) =>
      getResult(present(responseRange)),
    ),
  range: (range: KeyRange, options: RangeOptions = {}): Op<RangeResult> =>
    new Op({ requestRange: rangeRequest(range, options) }, true, ({ responseRange }) =>
      rangeResult(present(responseRange)),
    ),
  put: (key: Key, value: Value, options: PutOptions = {}): Op<PutResult> =>
    new Op({ requestPut: putRequest(key, value, options) }, false, ({ responsePut }) =>
      putResult(present(responsePut)),
    ),
  delete: (range: KeyRange, options: DeleteOptions = {}): Op<DeleteResult> =>
    new Op({ requestDeleteRange: deleteRequest(range, options) }, false, (response) =>
      deleteResult(present(response.responseDeleteRange)),
    ),
  /** A transaction inside: its conditions, too, see the state before the outermost. */
  txn: <const T extends Txn>(txn: T): Op<TxnResult<T>> =>
    new Op({ requestTxn: txnRequest(txn) }, false, ({ responseTxn }) =>
      txnResult(txn, present(responseTxn)),
    ),
})

/** Runs a transaction. See `Holdfast.txn`. */
export async function runTxn<const T extends Txn>(
  rpc: Rpc,
  txn: T,
  options: WaitOptions,
): Promise<TxnResult<T>> {
  const ops = [...(txn.then ?? []), ...(txn.else ?? [])]
  const repetition = ops.every((one) => one.reads) ? 'safe' : 'once'
  return (await callTxn(rpc, txn, { ...options, repetition })).result
}

/** The same, for who knows what repeating it does and has to know whether it was repeated. */
export async function callTxn<const T extends Txn>(
  rpc: Rpc,
  txn: T,
  options: CallOptions,
): Promise<{ readonly result: TxnResult<T>; readonly inDoubt: boolean }> {
  const { response, inDoubt } = await rpc.call(routes.txn, txnRequest(txn), options)
  return { result: txnResult(txn, response), inDoubt }
}

export function txnRequest(txn: Txn): TxnRequestInput {
  return {
    compare: txn.if?.map(({ message }) => message),
    success: txn.then?.map(({ message }) => message),
    failure: txn.else?.map(({ message }) => message),
  }
}

export function txnResult<T extends Txn>(txn: T, response: TxnResponse): TxnResult<T> {
  const ops = (response.succeeded ? txn.then : txn.else) ?? []
  const results = ops.map((one, index) => one.read(present(response.responses[index])))
  // Each result was read by the operation that stands in its place in the type.
  return {
    succeeded: response.succeeded,
    results,
    revision: response.header?.revision ?? 0,
  } as unknown as TxnResult<T>
}

function present<T>(response: T | undefined): T {
  if (response === undefined) {
    throw new HoldfastError('badResponse', 'the answer lacks the result of an operation')
  }
  return response
}
