/** Ranges, puts, deletes, transactions and compactions. */

import type { NamedChance } from '@holdfast/testkit'
import { ask, maybe, type Json } from './draw.js'
import { LEASES } from './draw-lease.js'
import type { Step } from './step.js'

/** Few, so that operations meet; their bytes are those at which intervals go wrong. */
const KEYS = ['a', 'ab', 'b', 'ba', 'c', 'd', 'da', '\0', '\0\0', '\xff', '\xff\xff', 'a\0']
const ENDS = ['', '', '', '\0', 'b', 'c', 'd', 'z', 'a', 'ab', '\xff', '\xff\xff\xff']
const VALUES = ['', 'x', 'y', 'value', '\xff\0', 'v'.repeat(300)]
const REVISIONS = [
  ...['$now', '$now-1', '$now-4', '$now-20', '$now+1'],
  ...['$compacted', '$compacted-1', '-3'],
]
const RESULTS = ['EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL', 0, 3]
const MAX_DEPTH = 3

export const base64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64')

export function drawKey(chance: NamedChance): string {
  return base64(chance.pick(KEYS))
}

export function drawEnd(chance: NamedChance): Json {
  return maybe(chance, 0.5, 'range_end', () => base64(chance.pick(ENDS)))
}

export function drawKv(chance: NamedChance): Step {
  switch (chance.pick(['put', 'put', 'put', 'range', 'range', 'delete', 'txn', 'txn', 'compact'])) {
    case 'put':
      return ask('/v3/kv/put', drawPut(chance))
    case 'range':
      return ask('/v3/kv/range', drawRange(chance, { isTxn: false }))
    case 'delete':
      return ask('/v3/kv/deleterange', drawDelete(chance))
    case 'compact':
      if (!chance.happens(0.25)) return ask('/v3/kv/range', drawRange(chance, { isTxn: false }))
      return ask('/v3/kv/compaction', {
        revision: chance.pick([
          '$now-1',
          '$now-5',
          '$now-20',
          '$now',
          '$now+1',
          '$compacted',
          '0',
          '-1',
        ]),
        physical: true,
      })
    default:
      return ask('/v3/kv/txn', drawTxn(chance, 0))
  }
}

function drawPut(chance: NamedChance): Json {
  return {
    ...(chance.happens(0.01) ? {} : { key: drawKey(chance) }),
    ...maybe(chance, 0.85, 'value', () => base64(chance.pick(VALUES))),
    ...maybe(chance, 0.15, 'lease', () => drawLeaseOf(chance)),
    ...maybe(chance, 0.3, 'prev_kv', () => true),
    ...maybe(chance, 0.07, 'ignore_value', () => true),
    ...maybe(chance, 0.07, 'ignoreLease', () => true),
  }
}

function drawLeaseOf(chance: NamedChance): string {
  return chance.happens(0.1) ? '404' : chance.pick(LEASES)
}

function drawRange(chance: NamedChance, { isTxn }: { readonly isTxn: boolean }): Json {
  return {
    ...(chance.happens(0.01) ? {} : { key: drawKey(chance) }),
    ...drawEnd(chance),
    ...maybe(chance, 0.3, 'limit', () => chance.pick(['1', '2', 3, '0', '-1'])),
    ...maybe(chance, isTxn ? 0.1 : 0.3, 'revision', () => chance.pick(REVISIONS)),
    ...maybe(chance, 0.3, 'sort_order', () => chance.pick(['NONE', 'ASCEND', 'DESCEND', 2])),
    ...maybe(chance, 0.3, 'sortTarget', () =>
      chance.pick(['KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE', 3]),
    ),
    ...maybe(chance, 0.2, 'serializable', () => true),
    ...maybe(chance, 0.15, 'keys_only', () => true),
    ...maybe(chance, 0.1, 'count_only', () => true),
    ...maybe(chance, 0.1, 'min_mod_revision', () => chance.pick(['$now-10', '$now', '2'])),
    ...maybe(chance, 0.1, 'max_mod_revision', () => chance.pick(['$now-3', '$now', '2'])),
    ...maybe(chance, 0.1, 'minCreateRevision', () => chance.pick(['$now-10', '2'])),
    ...maybe(chance, 0.1, 'max_create_revision', () => chance.pick(['$now-10', '$now-3'])),
  }
}

function drawDelete(chance: NamedChance): Json {
  return {
    ...(chance.happens(0.01) ? {} : { key: drawKey(chance) }),
    // Rarely much of what there is.
    ...(chance.happens(0.3) ? drawEnd(chance) : {}),
    ...maybe(chance, 0.4, 'prev_kv', () => true),
  }
}

function drawTxn(chance: NamedChance, depth: number): Json {
  const some = (most: number, draw: () => Json): readonly Json[] =>
    Array.from({ length: chance.below(most + 1) }, draw)
  const tooMany = chance.happens(0.004) ? 126 : 0
  const operations = (): readonly Json[] => [
    ...some(3, () => drawOperation(chance, depth)),
    ...Array.from({ length: tooMany }, () => ({ request_range: { key: drawKey(chance) } })),
  ]
  return {
    ...maybe(chance, 0.7, 'compare', () => some(2, () => drawCompare(chance))),
    ...maybe(chance, 0.9, 'success', operations),
    ...maybe(chance, 0.6, 'failure', operations),
  }
}

function drawOperation(chance: NamedChance, depth: number): Json {
  const kind = chance.pick(['put', 'put', 'range', 'range', 'delete', 'txn', 'nothing'])
  if (kind === 'nothing')
    return chance.happens(0.1) ? {} : { requestRange: { key: drawKey(chance) } }
  if (kind === 'range') return { request_range: drawRange(chance, { isTxn: true }) }
  if (kind === 'put') return { [chance.pick(['request_put', 'requestPut'])]: drawPut(chance) }
  if (kind === 'delete') return { request_delete_range: drawDelete(chance) }
  if (depth >= MAX_DEPTH) return { request_range: { key: drawKey(chance) } }
  return { request_txn: drawTxn(chance, depth + 1) }
}

function drawCompare(chance: NamedChance): Json {
  const [target, operand] = chance.pick([
    ['VERSION', { version: chance.pick(['0', '1', '2', '3']) }],
    ['CREATE', { create_revision: chance.pick(['0', '$now', '$now-3']) }],
    ['MOD', { modRevision: chance.pick(['0', '$now', '$now-1', '$now-5']) }],
    ['VALUE', { value: base64(chance.pick(VALUES)) }],
    ['LEASE', { lease: chance.pick(['0', ...LEASES]) }],
  ] as const)
  return {
    ...(chance.happens(0.01) ? {} : { key: drawKey(chance) }),
    ...(chance.happens(0.2) ? drawEnd(chance) : {}),
    ...maybe(chance, 0.95, 'target', () => target),
    ...maybe(chance, 0.7, 'result', () => chance.pick(RESULTS)),
    ...(chance.happens(0.95) ? operand : {}),
  }
}
