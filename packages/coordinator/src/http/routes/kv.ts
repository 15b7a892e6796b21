/** `/v3/kv`: put, range, deleterange, txn, compaction. */

import type { routes } from '@holdfast/protocol'
import {
  type CompactionRequest,
  type DeleteRangeRequest,
  type InputOf,
  type PutRequest,
  type RangeRequest,
  type RequestId,
  type TxnRequest,
  type TxnResponseInput,
} from '@holdfast/protocol'
import type { Command } from '../../state-machine/command.js'
import type { CommandResult } from '../../state-machine/outcome.js'
import type { Operation } from '../../state-machine/operation.js'
import type { Call } from '../call.js'
import { requestTimeoutMs, responseHeader, type EdgeContext } from '../edge-context.js'
import { EdgeError } from '../edge-error.js'
import { bytesOfResult } from '../large-reads.js'
import { checkOperation } from '../operation-check.js'
import {
  checkSize,
  deleteRangeOperation,
  deleteRangeResponse,
  isReadOnly,
  putOperation,
  putResponse,
  rangeOperation,
  rangeResponse,
  txnOperation,
  txnResponse,
} from '../operation-wire.js'

const REUSED = {
  code: 3,
  message: 'holdfast: this request id was used for another request',
} as const

type Result<T extends CommandResult['type']> = Extract<CommandResult, { type: T }>

/** The result of a command has the type that the command calls for; anything else is a defect. */
export async function proposeFor<T extends CommandResult['type']>(
  context: EdgeContext,
  type: T,
  command: Command,
  requestId: RequestId | undefined,
): Promise<Result<T>> {
  await context.quota.admit(command)
  const timeoutMs = requestTimeoutMs(context)
  const result = await context.node.propose(command, { timeoutMs, requestId })
  if (result.type !== type) {
    // What is remembered of an id is the answer to the request that had it first.
    if (requestId !== undefined) throw new EdgeError(REUSED)
    throw new Error(`a ${type} gave the result of a ${result.type}`)
  }
  return result as Result<T>
}

function checked<T extends Operation>(operation: T): T {
  checkOperation(operation)
  checkSize(operation)
  return operation
}

export async function put(
  context: EdgeContext,
  request: PutRequest,
  { requestId }: Call,
): Promise<InputOf<typeof routes.put.response>> {
  const operation = checked(putOperation(request))
  const result = await proposeFor(context, 'put', { type: 'kv', operation }, requestId)
  return { ...putResponse(result), header: responseHeader(context, result.revision) }
}

export async function range(
  context: EdgeContext,
  request: RangeRequest,
): Promise<InputOf<typeof routes.range.response>> {
  const operation = checked(rangeOperation(request))
  if (!request.serializable) await context.node.readBarrier(requestTimeoutMs(context))
  const result = await context.largeReads.make(
    () => context.node.state.range(operation),
    bytesOfResult,
  )
  return { ...rangeResponse(result), header: responseHeader(context, result.revision) }
}

export async function deleteRange(
  context: EdgeContext,
  request: DeleteRangeRequest,
  { requestId }: Call,
): Promise<InputOf<typeof routes.deleteRange.response>> {
  const operation = checked(deleteRangeOperation(request))
  const result = await proposeFor(context, 'deleteRange', { type: 'kv', operation }, requestId)
  return { ...deleteRangeResponse(result), header: responseHeader(context, result.revision) }
}

export async function txn(
  context: EdgeContext,
  request: TxnRequest,
  { requestId }: Call,
): Promise<TxnResponseInput> {
  const operation = checked(txnOperation(request))
  if (isReadOnly(operation)) {
    const ranges = [...request.success, ...request.failure]
    const serializable = ranges.every(({ requestRange }) => requestRange?.serializable === true)
    // Deviation: one that only compares says nothing about stale reads, so it gets none. etcd takes
    // the absence of operations for their consent.
    if (!serializable || ranges.length === 0)
      await context.node.readBarrier(requestTimeoutMs(context))
    const result = await context.largeReads.make(
      () => context.node.state.readTxn(operation),
      bytesOfResult,
    )
    return { ...txnResponse(result), header: responseHeader(context, result.revision) }
  }
  const result = await proposeFor(context, 'txn', { type: 'kv', operation }, requestId)
  return { ...txnResponse(result), header: responseHeader(context, result.revision) }
}

/** Rows are removed in the background; `physical` asks to be answered after that. */
export async function compaction(
  context: EdgeContext,
  { revision, physical }: CompactionRequest,
  { requestId }: Call,
): Promise<InputOf<typeof routes.compaction.response>> {
  const command: Command = { type: 'compact', revision }
  const result = await proposeFor(context, 'compact', command, requestId)
  if (physical) await context.node.upkeep.removed()
  return { header: responseHeader(context, result.revision) }
}
