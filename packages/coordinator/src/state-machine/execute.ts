/** Runs an operation that has been chosen and checked, in list order; later ones see earlier ones. */

import type { ChosenOperation, ChosenTxn } from './chosen-branch.js'
import { deleteRange } from './delete-range.js'
import type { OperationResult, TxnResult } from './outcome.js'
import { put } from './put.js'
import { range } from './range.js'
import type { RevisionWriter } from './revision-writer.js'

export function execute(writer: RevisionWriter, operation: ChosenOperation): OperationResult {
  switch (operation.type) {
    case 'put':
      return put(writer, operation)
    case 'range':
      return range(writer, operation)
    case 'deleteRange':
      return deleteRange(writer, operation)
    case 'txn':
      return executeTxn(writer, operation)
  }
}

export function executeTxn(writer: RevisionWriter, txn: ChosenTxn): TxnResult {
  const responses = txn.operations.map((inner) => execute(writer, inner))
  return { type: 'txn', revision: writer.revision, succeeded: txn.succeeded, responses }
}
