/** A state machine over a store in memory, driven one command at a time, and short operations. */

import { openStateStore } from '../storage/sqlite-state-store.js'
import type { Command, RequestId } from './command.js'
import type {
  Compare,
  DeleteRangeOperation,
  KeySelector,
  KeyValue,
  Operation,
  PutOperation,
  RangeOperation,
  TxnOperation,
} from './operation.js'
import type { CommandResult, Outcome, RefusalReason } from './outcome.js'
import type { RequestLimits } from './request-ids.js'
import type { AppliedBatch, StateMachine } from './state-machine.js'
import { createStateMachine } from './store-state-machine.js'

export const NOTHING = Buffer.alloc(0)

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

export function text(data: Uint8Array): string {
  return Buffer.from(data).toString('latin1')
}

interface Applying {
  readonly term?: number
  readonly requestId?: RequestId
}

export class TestMachine {
  readonly machine: StateMachine
  lastBatch: AppliedBatch | undefined

  constructor(options: { readonly path?: string; readonly limits?: RequestLimits } = {}) {
    const store = openStateStore({ path: options.path ?? ':memory:', clusterId: '1' })
    this.machine = createStateMachine(store, options.limits)
  }

  get revision(): number {
    return this.machine.revision
  }

  apply(command: Command, { term = 1, requestId }: Applying = {}): Outcome {
    const index = this.machine.appliedIndex + 1
    const proposal = { origin: 'test', sequence: index, requestId, command }
    this.lastBatch = this.machine.apply([{ index, term, proposal }])
    return this.lastBatch.proposals[0]!.outcome
  }

  /** The result of a command that must not be refused. */
  run<Type extends CommandResult['type']>(
    command: Command | Extract<Operation, { type: Type }>,
    applying?: Applying,
  ): Extract<CommandResult, { type: Type }> {
    const outcome = this.apply(isOperation(command) ? kv(command) : command, applying)
    if (!outcome.ok) throw new Error(`refused: ${outcome.reason}`)
    return outcome.result as Extract<CommandResult, { type: Type }>
  }

  refusal(command: Command | Operation): RefusalReason | undefined {
    const outcome = this.apply(isOperation(command) ? kv(command) : command)
    return outcome.ok ? undefined : outcome.reason
  }

  put(key: string, value = '', more: Partial<PutOperation> = {}): number {
    return this.run<'put'>(put(key, value, more)).revision
  }

  delete(key: string, rangeEnd = ''): number {
    return this.run<'deleteRange'>(deleteRange(key, rangeEnd)).revision
  }

  grant(id: string, ttlSeconds = 10): void {
    this.run<'leaseGrant'>({ type: 'leaseGrant', id, ttlSeconds })
  }

  get(key: string, revision = 0): KeyValue | undefined {
    return this.machine.range(range(key, '', { revision })).kvs[0]
  }

  keys(revision = 0): string[] {
    return this.machine.range(range('\0', '\0', { revision })).kvs.map(({ key }) => text(key))
  }

  /** `key=value@modRevision` of every key. */
  contents(revision = 0): string[] {
    const { kvs } = this.machine.range(range('\0', '\0', { revision }))
    return kvs.map((kv) => `${text(kv.key)}=${text(kv.value)}@${kv.modRevision}`)
  }
}

function isOperation(command: Command | Operation): command is Operation {
  return ['put', 'range', 'deleteRange', 'txn'].includes(command.type)
}

export function kv(operation: Operation): Command {
  return { type: 'kv', operation }
}

export function put(key: string, value = '', more: Partial<PutOperation> = {}): PutOperation {
  return {
    type: 'put',
    key: bytes(key),
    value: bytes(value),
    lease: '0',
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
    ...more,
  }
}

export function range(
  key: string,
  rangeEnd = '',
  more: Partial<RangeOperation> = {},
): RangeOperation {
  return {
    type: 'range',
    ...selector(key, rangeEnd),
    limit: 0,
    revision: 0,
    sortOrder: 'none',
    sortTarget: 'key',
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
    ...more,
  }
}

export function deleteRange(key: string, rangeEnd = '', prevKv = false): DeleteRangeOperation {
  return { type: 'deleteRange', ...selector(key, rangeEnd), prevKv }
}

export function txn(
  compare: readonly Compare[],
  success: readonly Operation[],
  failure: readonly Operation[] = [],
): TxnOperation {
  return { type: 'txn', compare, success, failure }
}

export function selector(key: string, rangeEnd = ''): KeySelector {
  return { key: bytes(key), rangeEnd: bytes(rangeEnd) }
}

export function compareNumber(
  key: string,
  target: 'version' | 'create' | 'mod',
  operand: number,
  result: Compare['result'] = 'equal',
): Compare {
  return { ...selector(key), target, result, operand }
}

export function compareValue(
  key: string,
  operand: string,
  result: Compare['result'] = 'equal',
): Compare {
  return { ...selector(key), target: 'value', result, operand: bytes(operand) }
}

export function compareLease(
  key: string,
  operand: string,
  result: Compare['result'] = 'equal',
): Compare {
  return { ...selector(key), target: 'lease', result, operand }
}

/** Byte arrays as Buffers: what is read from the store is one, what a command held may not be. */
export function normalized(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(normalized)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, field]) => [name, normalized(field)])
  return Object.fromEntries(entries) as unknown
}
