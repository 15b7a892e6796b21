/** A history in which one answer is another than the one that was given. */

import type { KeyValue, KvOutput, KvRecord, KvResponse } from './kv-operation.js'
import type { Random } from './random.test-support.js'

/** Undefined if there is no answer to change. */
export function withOneWrongAnswer(
  random: Random,
  records: readonly KvRecord[],
): readonly KvRecord[] | undefined {
  const answered = records.filter(({ outcome }) => outcome.type === 'ok')
  if (answered.length === 0) return undefined
  const victim = random.pick(answered)
  return records.map((record) => (record === victim ? mutated(random, record) : record))
}

function mutated(random: Random, record: KvRecord): KvRecord {
  if (record.outcome.type !== 'ok') return record
  const { output } = record.outcome
  return { ...record, outcome: { type: 'ok', output: mutatedOutput(random, output) } }
}

function mutatedOutput(random: Random, { revision, response }: KvOutput): KvOutput {
  return random.chance(0.25)
    ? { revision: revision + random.pick([-1, 1, 2]), response }
    : { revision, response: mutatedResponse(random, response) }
}

function mutatedResponse(random: Random, response: KvResponse): KvResponse {
  switch (response.type) {
    case 'range': {
      const [first, ...others] = response.kvs
      if (first === undefined) return { ...response, count: response.count + 1 }
      if (random.chance(0.3)) return { ...response, kvs: others, count: response.count - 1 }
      return { ...response, kvs: [mutatedKv(random, first), ...others] }
    }
    case 'put': {
      const { prevKv, ...rest } = response
      if (prevKv === undefined) {
        return {
          ...rest,
          prevKv: { key: 'a', value: 'no', createRevision: 2, modRevision: 2, version: 1 },
        }
      }
      return random.chance(0.3) ? rest : { ...rest, prevKv: mutatedKv(random, prevKv) }
    }
    case 'deleteRange':
      return { ...response, deleted: response.deleted === 0 ? 1 : response.deleted - 1 }
    case 'txn': {
      const [first, ...others] = response.responses
      if (first === undefined || random.chance(0.3)) {
        return { ...response, succeeded: !response.succeeded }
      }
      return { ...response, responses: [mutatedResponse(random, first), ...others] }
    }
  }
}

function mutatedKv(random: Random, kv: KeyValue): KeyValue {
  switch (random.below(4)) {
    case 0:
      return { ...kv, value: `${kv.value}?` }
    case 1:
      return { ...kv, createRevision: kv.createRevision + random.pick([-1, 1]) }
    case 2:
      return { ...kv, modRevision: kv.modRevision + random.pick([-1, 1]) }
    default:
      return { ...kv, version: kv.version + random.pick([-1, 1]) }
  }
}
