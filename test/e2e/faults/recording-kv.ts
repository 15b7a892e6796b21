/** The SDK's operations on keys, asked for and recorded in the form that the checkers read. */

import {
  compare,
  op,
  type Compare as SdkCompare,
  type Entry,
  type Holdfast,
  type KeyRange,
  type Op,
} from '@holdfast/client'
import type {
  Compare,
  KeyInterval,
  KeyValue,
  KvInput,
  KvOutput,
  KvResponse,
  Outcome,
  TxnInput,
} from '@holdfast/testkit'
import { nowMs, type Recorder } from './recorder.js'

const comparisons = { equal: '=', notEqual: '!=', greater: '>', less: '<' } as const

/**
 * One client, which does one thing at a time. After an operation of which nobody knows whether it
 * will still take effect it goes on under another name, as that one may be doing two things at once.
 */
export class RecordingKv {
  readonly #holdfast: Holdfast
  readonly #recorder: Recorder
  readonly #name: string
  readonly #timeoutMs: number
  #life = 1
  #writes = 0

  constructor(options: {
    readonly holdfast: Holdfast
    readonly recorder: Recorder
    readonly name: string
    readonly timeoutMs: number
  }) {
    this.#holdfast = options.holdfast
    this.#recorder = options.recorder
    this.#name = options.name
    this.#timeoutMs = options.timeoutMs
  }

  /** A value that nobody else writes. */
  uniqueValue(): string {
    this.#writes += 1
    return `${this.#name}-${this.#writes}`
  }

  async run(input: KvInput): Promise<Outcome<KvOutput>> {
    const startMs = nowMs()
    const outcome = await this.#recorder.track(() => this.#ask(input))
    const process = `${this.#name}.${this.#life}`
    this.#recorder.add({ process, kind: 'kv', startMs, endMs: nowMs(), input, outcome })
    if (outcome.type === 'unknown') this.#life += 1
    return outcome
  }

  async #ask(input: KvInput): Promise<KvOutput> {
    const { kv } = this.#holdfast
    const timeoutMs = this.#timeoutMs
    switch (input.type) {
      case 'range': {
        const { revision, ...read } = await kv.range(rangeOf(input), {
          ...optionsOf(input),
          timeoutMs,
        })
        return { revision, response: rangeResponse(read) }
      }
      case 'put': {
        const { key, value, lease } = input
        const { revision, previous } = await kv.put(key, value, {
          ...previousOf(input),
          lease,
          timeoutMs,
        })
        return { revision, response: putResponse({ previous }) }
      }
      case 'deleteRange': {
        const { revision, ...done } = await kv.delete(rangeOf(input), {
          ...previousOf(input),
          timeoutMs,
        })
        return { revision, response: deleteResponse(input.prevKv === true, done) }
      }
      case 'txn': {
        const txn = txnOf(input)
        const result = await this.#holdfast.txn(txn, { timeoutMs })
        return { revision: result.revision, response: txnResponse(input, result) }
      }
    }
  }
}

function txnOf(input: TxnInput): {
  readonly if: readonly SdkCompare[]
  readonly then: readonly Op<unknown>[]
  readonly else: readonly Op<unknown>[]
} {
  return {
    if: input.compares.map(compareOf),
    then: input.success.map(opOf),
    else: input.failure.map(opOf),
  }
}

function opOf(input: KvInput): Op<unknown> {
  switch (input.type) {
    case 'range':
      return op.range(rangeOf(input), optionsOf(input))
    case 'put':
      return op.put(input.key, input.value, { ...previousOf(input), lease: input.lease })
    case 'deleteRange':
      return op.delete(rangeOf(input), previousOf(input))
    case 'txn':
      return op.txn(txnOf(input))
  }
}

function compareOf({ key, target, result, operand }: Compare): SdkCompare {
  const comparison = comparisons[result]
  switch (target) {
    case 'value':
      return compare.value(key, comparison, String(operand))
    case 'version':
      return compare.version(key, comparison, Number(operand))
    case 'create':
      return compare.createRevision(key, comparison, Number(operand))
    case 'mod':
      return compare.modRevision(key, comparison, Number(operand))
  }
}

/** The keys of the workloads are ASCII, of which each character is one byte. */
function rangeOf({ key, rangeEnd }: KeyInterval): KeyRange {
  if (rangeEnd === undefined) return key
  return { from: key, to: rangeEnd === '\0' ? undefined : rangeEnd }
}

function optionsOf(input: KvInput & { readonly type: 'range' }): {
  readonly revision?: number
  readonly limit?: number
  readonly serializable?: boolean
} {
  const { revision, limit, serializable } = input
  return {
    ...(revision === undefined ? {} : { revision }),
    ...(limit === undefined ? {} : { limit }),
    ...(serializable === undefined ? {} : { serializable }),
  }
}

const previousOf = ({ prevKv }: { readonly prevKv?: boolean }): { readonly previous?: boolean } =>
  prevKv === undefined ? {} : { previous: prevKv }

export function keyValueOf(entry: Entry): KeyValue {
  const { key, createRevision, modRevision, version, lease } = entry
  const value = Buffer.from(entry.bytes).toString('latin1')
  return { key, value, createRevision, modRevision, version, ...(lease === '0' ? {} : { lease }) }
}

function rangeResponse(read: {
  readonly entries: readonly Entry[]
  readonly count: number
}): KvResponse {
  return { type: 'range', kvs: read.entries.map(keyValueOf), count: read.count }
}

function putResponse({ previous }: { readonly previous: Entry | undefined }): KvResponse {
  return { type: 'put', ...(previous === undefined ? {} : { prevKv: keyValueOf(previous) }) }
}

function deleteResponse(
  wantsPrevious: boolean,
  { deleted, previous }: { readonly deleted: number; readonly previous: readonly Entry[] },
): KvResponse {
  const told = wantsPrevious ? { prevKvs: previous.map(keyValueOf) } : {}
  return { type: 'deleteRange', deleted, ...told }
}

interface AnyTxnResult {
  readonly succeeded: boolean
  readonly results: readonly unknown[]
}

/** Each result is of the operation in its place, which says how to read it. */
function txnResponse(input: TxnInput, { succeeded, results }: AnyTxnResult): KvResponse {
  const branch = succeeded ? input.success : input.failure
  const responses = branch.map((operation, index): KvResponse => {
    const result: unknown = results[index]
    switch (operation.type) {
      case 'range':
        return rangeResponse(result as Parameters<typeof rangeResponse>[0])
      case 'put':
        return putResponse(result as Parameters<typeof putResponse>[0])
      case 'deleteRange':
        return deleteResponse(
          operation.prevKv === true,
          result as Parameters<typeof deleteResponse>[1],
        )
      case 'txn':
        return txnResponse(operation, result as AnyTxnResult)
    }
  })
  return { type: 'txn', succeeded, responses }
}
