/** Carries out operations of a history with the SDK, and gives the answers as a history has them. */

import { compare, op, type Entry, type Holdfast, type KeyRange } from '@holdfast/client'
import type {
  KeyInterval,
  KeyValue,
  KvInput,
  KvOutput,
  KvResponse,
} from '../history/kv-operation.js'

type Op = ReturnType<typeof op.put> | ReturnType<typeof op.range> | ReturnType<typeof op.delete>
type Comparison = ReturnType<typeof compare.version>

export async function runKv(client: Kvs, input: KvInput): Promise<KvOutput> {
  const { kv } = client
  switch (input.type) {
    case 'put': {
      const { key, value, lease, prevKv: previous } = input
      const { revision, ...result } = await kv.put(key, value, { lease, previous })
      return { revision, response: putResponse(result) }
    }
    case 'range': {
      const { revision: at, limit, keysOnly, countOnly, serializable } = input
      const options = { revision: at, limit, keysOnly, countOnly, serializable }
      const { revision, ...result } = await kv.range(rangeOf(input), options)
      return { revision, response: rangeResponse(result) }
    }
    case 'deleteRange': {
      const { revision, ...result } = await kv.delete(rangeOf(input), { previous: input.prevKv })
      return { revision, response: deleteResponse(result, input.prevKv === true) }
    }
    case 'txn': {
      const { compares, success, failure } = input
      const { revision, succeeded, results } = await client.txn({
        if: compares.map(comparisonOf),
        then: success.map(opOf),
        else: failure.map(opOf),
      })
      const inputs = succeeded ? success : failure
      const responses = (results as readonly unknown[]).map((result, at) =>
        responseTo(inputs[at] as KvInput, result),
      )
      return { revision, response: { type: 'txn', succeeded, responses } }
    }
  }
}

/** What it needs of a client. */
export type Kvs = Pick<Holdfast, 'kv' | 'txn'>

/** Transactions within transactions are not recorded by any workload. */
function opOf(input: KvInput): Op {
  switch (input.type) {
    case 'put':
      return op.put(input.key, input.value, { lease: input.lease, previous: input.prevKv })
    case 'range':
      return op.range(rangeOf(input), { limit: input.limit, keysOnly: input.keysOnly })
    case 'deleteRange':
      return op.delete(rangeOf(input), { previous: input.prevKv })
    case 'txn':
      throw new Error('a transaction within a transaction')
  }
}

function responseTo(input: KvInput, result: unknown): KvResponse {
  switch (input.type) {
    case 'put':
      return putResponse(result as Parameters<typeof putResponse>[0])
    case 'range':
      return rangeResponse(result as Parameters<typeof rangeResponse>[0])
    case 'deleteRange':
      return deleteResponse(result as Parameters<typeof deleteResponse>[0], input.prevKv === true)
    case 'txn':
      throw new Error('a transaction within a transaction')
  }
}

const SIGNS = { equal: '=', notEqual: '!=', less: '<', greater: '>' } as const

function comparisonOf(input: {
  readonly key: string
  readonly target: 'value' | 'version' | 'create' | 'mod'
  readonly result: keyof typeof SIGNS
  readonly operand: string | number
}): Comparison {
  const { key, target, operand } = input
  const sign = SIGNS[input.result]
  switch (target) {
    case 'value':
      return compare.value(key, sign, String(operand))
    case 'version':
      return compare.version(key, sign, Number(operand))
    case 'create':
      return compare.createRevision(key, sign, Number(operand))
    case 'mod':
      return compare.modRevision(key, sign, Number(operand))
  }
}

function rangeOf({ key, rangeEnd }: KeyInterval): KeyRange {
  if (rangeEnd === undefined) return key
  return rangeEnd === '\0' ? { from: key } : { from: key, to: rangeEnd }
}

function putResponse({ previous }: { readonly previous: Entry | undefined }): KvResponse {
  return { type: 'put', ...(previous === undefined ? {} : { prevKv: keyValueOf(previous) }) }
}

function rangeResponse(result: {
  readonly entries: readonly Entry[]
  readonly count: number
}): KvResponse {
  return { type: 'range', kvs: result.entries.map(keyValueOf), count: result.count }
}

function deleteResponse(
  { deleted, previous }: { readonly deleted: number; readonly previous: readonly Entry[] },
  wantsPrevious: boolean,
): KvResponse {
  const prevKvs = previous.map(keyValueOf)
  return { type: 'deleteRange', deleted, ...(wantsPrevious ? { prevKvs } : {}) }
}

type EntryFields = 'keyBytes' | 'bytes' | 'createRevision' | 'modRevision' | 'version' | 'lease'

export function keyValueOf(entry: Pick<Entry, EntryFields>): KeyValue {
  const { createRevision, modRevision, version, lease } = entry
  const [key, value] = [latin1(entry.keyBytes), latin1(entry.bytes)]
  const kv = { key, value, createRevision, modRevision, version }
  return lease === '0' ? kv : { ...kv, lease }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
