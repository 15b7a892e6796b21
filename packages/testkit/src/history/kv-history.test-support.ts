/**
 * Histories of a correct store under concurrent clients, in virtual milliseconds: each operation
 * takes effect somewhere between its call and its answer; some answers are lost, with or without
 * the effect, which may then come late.
 */

import type { Change } from './change-log.js'
import type { Compare, KvInput, KvOutput, KvRecord } from './kv-operation.js'
import { Random } from './random.test-support.js'
import { ReferenceStore } from './reference-store.js'

export interface HistoryOptions {
  readonly operations: number
  readonly clients?: number
  readonly keys?: readonly string[]
  /** Of each operation, that its answer is lost. Default 0.1. */
  readonly unknown?: number
  /** Whether operations on several keys are among them. */
  readonly multiKey?: boolean
}

export interface GeneratedHistory {
  readonly records: readonly KvRecord[]
  readonly changes: readonly Change[]
}

interface Plan {
  readonly process: string
  readonly startMs: number
  readonly effectMs: number
  readonly endMs: number
  readonly fate: 'ok' | 'failed' | 'lost' | 'lostBefore'
  input?: KvInput
  output?: KvOutput
}

const LOST_AFTER_MS = 20

export function generateKvHistory(seed: number, options: HistoryOptions): GeneratedHistory {
  const random = new Random(seed)
  const plans = planOf(random, options)
  const moments = plans.flatMap((plan) => [
    { at: plan.startMs, plan, isStart: true },
    { at: plan.effectMs, plan, isStart: false },
  ])
  moments.sort((a, b) => a.at - b.at || Number(b.isStart) - Number(a.isStart))
  const store = new ReferenceStore()
  const changes: Change[] = []
  let written = 0
  for (const { plan, isStart } of moments) {
    if (isStart) {
      written += 1
      plan.input = inputOf(random, store, { ...options, value: `v${written}` })
    } else if (plan.input !== undefined && (plan.fate === 'ok' || plan.fate === 'lost')) {
      const { response, events } = store.evaluate(plan.input)
      if (events.length > 0) {
        const change = { revision: store.revision + 1, events }
        store.apply(change)
        changes.push(change)
      }
      plan.output = { revision: store.revision, response }
    }
  }
  return { records: plans.map(recordOf), changes }
}

function planOf(random: Random, options: HistoryOptions): readonly Plan[] {
  const { clients = 3, operations, unknown = 0.1 } = options
  const freeAt = Array.from({ length: clients }, () => random.next())
  const plans: Plan[] = []
  for (let count = 0; count < operations; count += 1) {
    const client = random.below(clients)
    const startMs = (freeAt[client] ?? 0) + 3 * random.next()
    const isLost = random.chance(unknown)
    const fate = isLost
      ? random.pick(['lost', 'lost', 'lostBefore', 'failed'] as const)
      : ('ok' as const)
    // What is lost may still take effect long after its client gave it up.
    const effectMs = startMs + (isLost ? 60 : 5) * random.next()
    const endMs = isLost ? startMs + LOST_AFTER_MS : effectMs + 5 * random.next()
    freeAt[client] = endMs
    plans.push({ process: `c${client}`, startMs, effectMs, endMs, fate })
  }
  return plans
}

function recordOf({ process, startMs, endMs, fate, input, output }: Plan): KvRecord {
  if (input === undefined) throw new Error('every plan has its start')
  const shared = { process, kind: 'kv', startMs, endMs, input } as const
  if (fate === 'failed') return { ...shared, outcome: { type: 'failed' } }
  if (fate !== 'ok' || output === undefined) return { ...shared, outcome: { type: 'unknown' } }
  return { ...shared, outcome: { type: 'ok', output } }
}

interface InputChoice {
  readonly keys?: readonly string[]
  readonly multiKey?: boolean
  /** Nobody else writes it. */
  readonly value: string
}

function inputOf(random: Random, store: ReferenceStore, choice: InputChoice): KvInput {
  const { keys = ['a', 'b'], multiKey = false, value } = choice
  const key = random.pick(keys)
  const put: KvInput = { type: 'put', key, value, prevKv: random.chance(0.3) }
  const other = random.pick(keys)
  switch (random.below(multiKey ? 9 : 6)) {
    case 0:
    case 1:
      return { type: 'range', key }
    case 2:
      return put
    case 3:
      return { type: 'deleteRange', key, prevKv: random.chance(0.5) }
    case 4:
    case 5:
      return {
        type: 'txn',
        compares: [compareOf(random, store, key)],
        success: [put],
        failure: [{ type: 'range', key }],
      }
    case 6:
      return {
        type: 'range',
        key: '\0',
        rangeEnd: '\0',
        ...random.pick([{}, { limit: 1 }, { countOnly: true }, { keysOnly: true }]),
      }
    case 7:
      return {
        type: 'txn',
        compares: [compareOf(random, store, key), compareOf(random, store, other)],
        success: [
          put,
          ...(other === key ? [] : [{ ...put, key: other, value: `${value}'` }]),
          { type: 'range', key: '\0', rangeEnd: '\0' },
        ],
        failure: [
          { type: 'range', key: other },
          { type: 'deleteRange', key: other },
        ],
      }
    default:
      return { type: 'deleteRange', key, rangeEnd: '\0', prevKv: random.chance(0.5) }
  }
}

/** Of something that is so at the call, or nearly. */
function compareOf(random: Random, store: ReferenceStore, key: string): Compare {
  const kv = store.get(key)
  const result = random.pick(['equal', 'equal', 'equal', 'notEqual', 'greater', 'less'] as const)
  const off = random.pick([0, 0, 0, 1, -1])
  switch (random.below(4)) {
    case 0:
      return { key, target: 'value', result, operand: kv?.value ?? '' }
    case 1:
      return { key, target: 'version', result, operand: (kv?.version ?? 0) + off }
    case 2:
      return { key, target: 'create', result, operand: (kv?.createRevision ?? 0) + off }
    default:
      return { key, target: 'mod', result, operand: (kv?.modRevision ?? 0) + off }
  }
}
