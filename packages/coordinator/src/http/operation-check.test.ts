/** Static checks of operations (etcd §8.7, 13, 16–19): same mistake, same answer, in the same order. */

import { etcdErrors, limits, type EtcdErrorName } from '@holdfast/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Compare, Operation, TxnOperation } from '../state-machine/operation.js'
import {
  bytes,
  compareNumber,
  deleteRange,
  put,
  range,
  text,
  txn,
} from '../state-machine/state-machine.test-support.js'
import { EdgeError } from './edge-error.js'
import { checkOperation } from './operation-check.js'

/** The name of etcd's error; undefined when the operation is legal. */
function mistakeIn(operation: Operation): EtcdErrorName | undefined {
  try {
    checkOperation(operation)
    return undefined
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error
    const names = Object.keys(etcdErrors) as EtcdErrorName[]
    return names.find((name) => etcdErrors[name] === error.wire)
  }
}

const then = (...success: Operation[]): TxnOperation => txn([], success)
const either = (success: readonly Operation[], failure: readonly Operation[]): TxnOperation =>
  txn([], success, failure)
const compares = (count: number, key = 'a'): Compare[] =>
  Array.from({ length: count }, () => compareNumber(key, 'version', 0))

/** Distinct keys, so that only their number can be wrong. */
const reads = (count: number): Operation[] => Array.from({ length: count }, () => range('k'))

interface Case {
  readonly name: string
  readonly operation: Operation
  readonly mistake?: EtcdErrorName
}

const single: readonly Case[] = [
  { name: 'a put', operation: put('a', '1') },
  { name: 'a put without a key', operation: put('', '1'), mistake: 'emptyKey' },
  { name: 'a put that keeps the value', operation: put('a', '', { ignoreValue: true }) },
  {
    name: 'a put that keeps the value and gives one',
    operation: put('a', '1', { ignoreValue: true }),
    mistake: 'valueProvided',
  },
  { name: 'a put that keeps the lease', operation: put('a', '1', { ignoreLease: true }) },
  {
    name: 'a put that keeps the lease and gives one',
    operation: put('a', '1', { ignoreLease: true, lease: '7' }),
    mistake: 'leaseProvided',
  },
  {
    name: 'a put with both of these mistakes: the value is named first',
    operation: put('a', '1', { ignoreValue: true, ignoreLease: true, lease: '7' }),
    mistake: 'valueProvided',
  },
  {
    name: 'a put without a key and with a forbidden value: the key is named first',
    operation: put('', '1', { ignoreValue: true }),
    mistake: 'emptyKey',
  },
  { name: 'a range without a key', operation: range('', 'z'), mistake: 'emptyKey' },
  { name: 'a range that ends before it starts', operation: range('z', 'a') },
  { name: 'a delete without a key', operation: deleteRange('', 'z'), mistake: 'emptyKey' },
  { name: 'a delete that ends before it starts', operation: deleteRange('z', 'a') },
]

const transactions: readonly Case[] = [
  { name: 'an empty one', operation: then() },
  { name: '128 operations', operation: then(...reads(limits.maxTxnOps)) },
  { name: '129 operations', operation: then(...reads(129)), mistake: 'tooManyOps' },
  { name: '129 in the other branch', operation: either([], reads(129)), mistake: 'tooManyOps' },
  {
    name: '129 compares',
    operation: txn(compares(129), []),
    mistake: 'tooManyOps',
  },
  {
    name: '128 of each: the longest list counts, not the sum',
    operation: txn(compares(128), reads(128), reads(128)),
  },
  {
    name: 'a compare without a key',
    operation: txn(compares(1, ''), []),
    mistake: 'emptyKey',
  },
  { name: 'a mistake in success', operation: then(put('', '1')), mistake: 'emptyKey' },
  { name: 'a mistake in failure', operation: either([], [put('', '1')]), mistake: 'emptyKey' },
]

/** §8.17: count, then compares, then success, then failure, then overlaps. */
const order: readonly Case[] = [
  {
    name: 'too many operations before an empty compare key',
    operation: txn(compares(1, ''), reads(129)),
    mistake: 'tooManyOps',
  },
  {
    name: 'an empty compare key before a mistake in an operation',
    operation: txn(compares(1, ''), [put('a', '1', { ignoreValue: true })]),
    mistake: 'emptyKey',
  },
  {
    name: 'success before failure',
    operation: either([put('a', '1', { ignoreValue: true })], [put('', '1')]),
    mistake: 'valueProvided',
  },
  {
    name: 'a mistake in failure before an overlap in success',
    operation: either([put('a', '1'), put('a', '2')], [put('', '1')]),
    mistake: 'emptyKey',
  },
  {
    name: 'the compares of a nested one before what follows it in the list',
    operation: then(txn(compares(1, ''), []), put('a', '1', { ignoreValue: true })),
    mistake: 'emptyKey',
  },
]

const overlaps: readonly Case[] = [
  { name: 'two puts of one key', operation: then(put('a'), put('a')), mistake: 'duplicateKey' },
  {
    name: 'the same, in failure',
    operation: either([], [put('a'), put('a')]),
    mistake: 'duplicateKey',
  },
  { name: 'a put of one key in each branch', operation: either([put('a')], [put('a')]) },
  {
    name: 'a put, then a delete of it',
    operation: then(put('a'), deleteRange('a')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a delete, then a put of it',
    operation: then(deleteRange('a'), put('a')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a put at the start of a deleted interval',
    operation: then(put('a'), deleteRange('a', 'c')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a put inside a deleted interval',
    operation: then(put('b'), deleteRange('a', 'c')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a put at the end of a deleted interval',
    operation: then(put('c'), deleteRange('a', 'c')),
  },
  { name: 'a put before a deleted interval', operation: then(put('Z'), deleteRange('a', 'c')) },
  {
    name: 'a put of a longer key beside a deleted one',
    operation: then(put('a\0'), deleteRange('a')),
  },
  {
    name: 'a put with a delete of all keys from another on',
    operation: then(put('b'), deleteRange('a', '\0')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a put below a delete of all keys from another on',
    operation: then(put('a'), deleteRange('b', '\0')),
  },
  {
    name: 'bytes above 0x7f, which compare unsigned',
    operation: then(put('\xff'), deleteRange('\x80', '\xff\xff')),
    mistake: 'duplicateKey',
  },
  {
    name: 'an empty interval, which deletes nothing',
    operation: then(put('b'), deleteRange('c', 'a')),
  },
  { name: 'deletes that overlap', operation: then(deleteRange('a', 'c'), deleteRange('b', 'd')) },
  { name: 'a read of what is written', operation: then(put('a'), range('a'), range('a', 'z')) },
  {
    name: 'two intervals, and a put in the gap between them',
    operation: then(deleteRange('a', 'c'), put('c'), deleteRange('d', 'f')),
  },
  {
    name: 'two intervals, and a put in the second',
    operation: then(deleteRange('a', 'c'), put('e'), deleteRange('d', 'f')),
    mistake: 'duplicateKey',
  },
]

const nested: readonly Case[] = [
  {
    name: 'a put here and in one below',
    operation: then(put('a'), then(put('a'))),
    mistake: 'duplicateKey',
  },
  {
    name: 'a put here and in the failure of one below',
    operation: then(put('a'), either([], [put('a')])),
    mistake: 'duplicateKey',
  },
  { name: 'a put in both branches of one below', operation: then(either([put('a')], [put('a')])) },
  {
    name: 'a put in two below',
    operation: then(then(put('a')), then(put('a'))),
    mistake: 'duplicateKey',
  },
  {
    name: 'a put in the success of one and the failure of another',
    operation: then(then(put('a')), either([], [put('a')])),
    mistake: 'duplicateKey',
  },
  {
    name: 'both branches of one below, and a third put',
    operation: then(either([put('a')], [put('a')]), put('a')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a delete here and a put below',
    operation: then(then(put('a')), deleteRange('a')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a delete here and a put in the failure below',
    operation: then(either([], [put('a')]), deleteRange('a')),
    mistake: 'duplicateKey',
  },
  {
    name: 'a delete below and a put here',
    operation: then(put('a'), then(deleteRange('a'))),
    mistake: 'duplicateKey',
  },
  {
    name: 'a delete in the failure below and a put here',
    operation: then(put('a'), either([], [deleteRange('a')])),
    mistake: 'duplicateKey',
  },
  {
    name: 'a delete in one branch below, a put in the other',
    operation: then(either([put('a')], [deleteRange('a')])),
  },
  {
    name: 'a delete in one below, a put in a later one',
    operation: then(then(deleteRange('a')), then(put('a'))),
    mistake: 'duplicateKey',
  },
  {
    name: 'a put in one below, a delete in a later one, as etcd has it',
    operation: then(then(put('a')), then(deleteRange('a'))),
  },
  {
    name: 'an overlap two levels down',
    operation: then(then(then(put('a'), put('a')))),
    mistake: 'duplicateKey',
  },
  {
    name: 'an overlap across two levels',
    operation: then(deleteRange('a', 'c'), then(then(put('b')))),
    mistake: 'duplicateKey',
  },
  { name: 'a mistake two levels down', operation: then(then(then(put('')))), mistake: 'emptyKey' },
]

/** A nested one may use what its parent's longest list leaves of 128. */
const budget: readonly Case[] = [
  { name: '1 + 127', operation: then(then(...reads(127))) },
  { name: '1 + 128', operation: then(then(...reads(128))), mistake: 'tooManyOps' },
  { name: '100 + 28', operation: then(...reads(99), then(...reads(28))) },
  { name: '100 + 29', operation: then(...reads(99), then(...reads(29))), mistake: 'tooManyOps' },
  { name: '1 + 1 + 127', operation: then(then(then(...reads(127)))), mistake: 'tooManyOps' },
  { name: '1 + 1 + 126', operation: then(then(then(...reads(126)))) },
  {
    name: 'the parent’s failure is the longest list',
    operation: either([then(...reads(29))], reads(100)),
    mistake: 'tooManyOps',
  },
  {
    name: 'the nested one is in failure',
    operation: either([], [either([], reads(128))]),
    mistake: 'tooManyOps',
  },
  {
    name: 'two nested ones share nothing',
    operation: then(then(...reads(126)), then(...reads(126))),
  },
]

describe.each([
  ['an operation alone', single],
  ['a transaction (§8.16)', transactions],
  ['the first mistake is the one that is named (§8.17)', order],
  ['no key is written twice in a branch (§8.18)', overlaps],
  ['nor by nested transactions (§8.18)', nested],
  ['the budget of nested transactions (§8.16)', budget],
])('%s', (_, cases) => {
  it.each(cases)('$name: $mistake', ({ operation, mistake }) => {
    expect(mistakeIn(operation)).toBe(mistake)
  })
})

/** etcd's rule, written without regard to cost: every pair of a list, in etcd's order. */
interface Written {
  readonly puts: string[]
  readonly deletes: { from: string; to: string }[]
}

function overlapsSlowly(operations: readonly Operation[]): Written | 'duplicate' {
  const written: Written = { puts: [], deletes: [] }
  const add = (key: string): boolean => {
    if (written.puts.includes(key)) return false
    written.puts.push(key)
    return written.deletes.every(({ from, to }) => key < from || (to !== '\0' && key >= to))
  }
  for (const one of operations) {
    if (one.type !== 'deleteRange') continue
    const [from, to] = [text(one.key), text(one.rangeEnd)]
    written.deletes.push({ from, to: to === '' ? `${from}\0` : to })
  }
  for (const one of operations) {
    if (one.type !== 'txn') continue
    const [success, failure] = [overlapsSlowly(one.success), overlapsSlowly(one.failure)]
    if (success === 'duplicate' || failure === 'duplicate') return 'duplicate'
    if (![...new Set([...success.puts, ...failure.puts])].every(add)) return 'duplicate'
    written.deletes.push(...success.deletes, ...failure.deletes)
  }
  for (const one of operations) {
    if (one.type === 'put' && !add(text(one.key))) return 'duplicate'
  }
  return written
}

const key = fc.stringMatching(/^[abc]{1,2}$/)
const leaf = fc.oneof(
  key.map((one) => put(one)),
  key.map((one) => range(one)),
  fc
    .tuple(key, fc.oneof(fc.constant(''), fc.constant('\0'), key))
    .map(([from, to]) => deleteRange(from, to)),
)
const { anyTxn } = fc.letrec<{ anyTxn: TxnOperation; op: Operation }>((tie) => ({
  op: fc.oneof({ depthSize: 'small' }, leaf, tie('anyTxn')),
  anyTxn: fc
    .tuple(fc.array(tie('op'), { maxLength: 4 }), fc.array(tie('op'), { maxLength: 3 }))
    .map(([success, failure]) => either(success, failure)),
}))

describe('overlaps', () => {
  it('are found exactly where a comparison of all pairs finds them (§8.18)', () => {
    fc.assert(
      fc.property(anyTxn, (operation) => {
        const isDuplicate = [operation.success, operation.failure].some(
          (branch) => overlapsSlowly(branch) === 'duplicate',
        )
        expect(mistakeIn(operation)).toBe(isDuplicate ? 'duplicateKey' : undefined)
      }),
      { numRuns: 2_000 },
    )
  })

  it('cost one request of the largest size no noticeable time', () => {
    // What 3 MiB of JSON can hold: as many deletes as puts, nested so that the budget allows it.
    const keyOf = (kind: string, at: number): string => kind + at.toString(36).padStart(4, '0')
    let at = 0
    const leaves = (count: number, make: (at: number) => Operation): Operation[] =>
      Array.from({ length: count }, () => make(at++))
    const tree = (make: (at: number) => Operation): Operation[] =>
      Array.from({ length: 32 }, () =>
        then(...Array.from({ length: 32 }, () => then(...leaves(32, make)))),
      )
    const deletes = tree((one) => deleteRange(keyOf('d', one), `${keyOf('d', one)}x`))
    const operation = then(...deletes, ...tree((one) => put(keyOf('p', one))))
    const startedAt = performance.now()
    checkOperation(operation)
    expect(at).toBe(65_536)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  it('compare whole keys, also when these share a buffer', () => {
    const pool = bytes('xxabxx')
    const operation = then(
      { ...put(''), key: pool.subarray(2, 3) },
      { ...put(''), key: pool.subarray(2, 4) },
      { ...put(''), key: pool.subarray(0, 1) },
    )
    expect(mistakeIn(operation)).toBeUndefined()
  })
})
