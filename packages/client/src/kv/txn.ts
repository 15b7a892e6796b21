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

export interface Txn<
  Then extends readonly Op<unknown>[] = readonly Op<unknown>[],
  Else extends readonly Op<unknown>[] = readonly Op<unknown>[],
> {
  /** Conditions, which must all hold. Default none, which holds. */
  readonly if?: readonly Compare[]
  /** Executed in order if they hold; each sees what those before it wrote. */
  readonly then?: Then
  /** Executed otherwise. */
  readonly else?: Else
}

type Results<Ops extends readonly Op<unknown>[]> = {
  readonly [Index in keyof Ops]: Ops[Index] extends Op<infer Result> ? Result : never
}

/** Which branch was taken, and its results in the order of its operations. */
export type TxnResult<Then extends readonly Op<unknown>[], Else extends readonly Op<unknown>[]> = (
  | { readonly succeeded: true; readonly results: Results<Then> }
  | { readonly succeeded: false; readonly results: Results<Else> }
) & {
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
  txn: <
    const Then extends readonly Op<unknown>[] = readonly [],
    const Else extends readonly Op<unknown>[] = readonly [],
  >(
    txn: Txn<Then, Else>,
  ): Op<TxnResult<Then, Else>> =>
    new Op({ requestTxn: txnRequest(txn) }, false, ({ responseTxn }) =>
      txnResult(txn, present(responseTxn)),
    ),
})

/** Runs a transaction. See `Holdfast.txn`. */
export async function runTxn<
  const Then extends readonly Op<unknown>[],
  const Else extends readonly Op<unknown>[],
>(
  rpc: Rpc,
  txn: Txn<Then, Else>,
  options: WaitOptions & { readonly repeatable?: boolean },
): Promise<TxnResult<Then, Else>> {
  const { repeatable, ...wait } = options
  const ops = [...(txn.then ?? []), ...(txn.else ?? [])]
  const reads = ops.every((one) => one.reads)
  const repetition = reads ? 'safe' : repeatable === true ? 'repeatable' : 'once'
  const response = await rpc.ask(routes.txn, txnRequest(txn), { ...wait, repetition })
  return txnResult(txn, response)
}

export function txnRequest(txn: Txn): TxnRequestInput {
  return {
    compare: txn.if?.map(({ message }) => message),
    success: txn.then?.map(({ message }) => message),
    failure: txn.else?.map(({ message }) => message),
  }
}

export function txnResult<Then extends readonly Op<unknown>[], Else extends readonly Op<unknown>[]>(
  txn: Txn<Then, Else>,
  response: TxnResponse,
): TxnResult<Then, Else> {
  const ops: readonly Op<unknown>[] = (response.succeeded ? txn.then : txn.else) ?? []
  const results = ops.map((one, index) => one.read(present(response.responses[index])))
  // Each result was read by the operation that stands in its place in the type.
  return {
    succeeded: response.succeeded,
    results,
    revision: response.header?.revision ?? 0,
  } as unknown as TxnResult<Then, Else>
}

function present<T>(response: T | undefined): T {
  if (response === undefined) {
    throw new HoldfastError('badResponse', 'the answer lacks the result of an operation')
  }
  return response
}
