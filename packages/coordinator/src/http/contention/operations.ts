/** The operations that locks and elections are made of (etcd: clientv3/concurrency). */

import type {
  Compare,
  LeaseId,
  Operation,
  PutOperation,
  RangeOperation,
  TxnOperation,
} from '../../state-machine/operation.js'

const NOTHING = new Uint8Array(0)

export function put(key: Uint8Array, value: Uint8Array, lease: LeaseId): PutOperation {
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false }
  return { type: 'put', key, value, lease, ...flags }
}

export function read(key: Uint8Array, more: Partial<RangeOperation> = {}): RangeOperation {
  return {
    ...{ type: 'range', key, rangeEnd: NOTHING, limit: 0, revision: 0 },
    ...{ sortOrder: 'none', sortTarget: 'key', keysOnly: false, countOnly: false },
    ...{ minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 },
    ...more,
  }
}

export function remove(key: Uint8Array): Operation {
  return { type: 'deleteRange', key, rangeEnd: NOTHING, prevKv: false }
}

/** If the key was created at this revision, 0 meaning that there is none. */
export function ifCreatedAt(
  key: Uint8Array,
  operand: number,
  branches: { readonly then: readonly Operation[]; readonly otherwise?: readonly Operation[] },
): TxnOperation {
  const compare: Compare = { key, rangeEnd: NOTHING, target: 'create', result: 'equal', operand }
  const { then: success, otherwise: failure = [] } = branches
  return { type: 'txn', compare: [compare], success, failure }
}
