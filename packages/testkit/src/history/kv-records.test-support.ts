/** Records for histories that are written by hand: `at(start, end)` and then what was done. */

import type { Compare, KeyValue, KvInput, KvOutput, KvRecord } from './kv-operation.js'
import type { KvResponse, RangeInput } from './kv-operation.js'

/** [mod revision, value, version, create revision]; the version is 1 unless given. */
export type Seen = readonly [number, string, number?, number?]

export function kvOf(key: string, [mod, value, version = 1, create = mod]: Seen): KeyValue {
  return { key, value, createRevision: create, modRevision: mod, version }
}

export class At {
  readonly #startMs: number
  readonly #endMs: number

  constructor(startMs: number, endMs: number) {
    this.#startMs = startMs
    this.#endMs = endMs
  }

  put(key: string, value: string, revision: number): KvRecord {
    return this.did({ type: 'put', key, value }, revision, { type: 'put' })
  }

  /** `seen` undefined: the key is not there. */
  get(key: string, revision: number, seen: Seen | undefined, more?: Partial<RangeInput>): KvRecord {
    const kvs = seen === undefined ? [] : [kvOf(key, seen)]
    const response: KvResponse = { type: 'range', kvs, count: kvs.length }
    return this.did({ type: 'range', key, ...more }, revision, response)
  }

  delete(key: string, revision: number, deleted: number): KvRecord {
    return this.did({ type: 'deleteRange', key }, revision, { type: 'deleteRange', deleted })
  }

  /** Puts the value if the comparison holds. */
  swap(compare: Compare, value: string, revision: number, succeeded: boolean): KvRecord {
    return this.did(swapOf(compare, value), revision, {
      type: 'txn',
      succeeded,
      responses: succeeded ? [{ type: 'put' }] : [],
    })
  }

  did(input: KvInput, revision: number, response: KvResponse): KvRecord {
    return this.#record(input, { type: 'ok', output: { revision, response } })
  }

  lost(input: KvInput): KvRecord {
    return this.#record(input, { type: 'unknown' })
  }

  failed(input: KvInput): KvRecord {
    return this.#record(input, { type: 'failed' })
  }

  #record(input: KvInput, outcome: KvRecord['outcome'] & { output?: KvOutput }): KvRecord {
    const [startMs, endMs] = [this.#startMs, this.#endMs]
    return { process: `c${startMs}`, kind: 'kv', startMs, endMs, input, outcome }
  }
}

export function at(startMs: number, endMs: number): At {
  return new At(startMs, endMs)
}

export function swapOf(compare: Compare, value: string): KvInput {
  const put = { type: 'put', key: compare.key, value } as const
  return { type: 'txn', compares: [compare], success: [put], failure: [] }
}

export function ifMod(key: string, operand: number): Compare {
  return { key, target: 'mod', result: 'equal', operand }
}

export function ifAbsent(key: string): Compare {
  return { key, target: 'create', result: 'equal', operand: 0 }
}
