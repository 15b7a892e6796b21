import { describe, expect, it } from 'vitest'
import type { RangeOperation } from './operation.js'
import { Refusal } from './outcome.js'
import { MAX_READ_BYTES } from './read-budget.js'
import { deleteRange, range, text, TestMachine, txn } from './state-machine.test-support.js'

/** Key: create revision / mod revision / version. a: 2/7/2, b: 3/3/1, c: 4/6/2, d: 5/5/1. */
function fixture(): TestMachine {
  const store = new TestMachine()
  store.put('a', 'z')
  store.put('b', 'y')
  store.put('c', 'y')
  store.put('d', 'x')
  store.put('c', 'y2')
  store.put('a', 'z2')
  return store
}

function keysOf(store: TestMachine, more: Partial<RangeOperation>): string {
  return store.machine
    .range(range('a', '\0', more))
    .kvs.map(({ key }) => text(key))
    .join('')
}

function refusalOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}

describe('range', () => {
  it.each([
    ['no end: the one key', 'b', '', 'b'],
    ['a zero byte as end: every key from the first on', 'b', '\0', 'bcd'],
    ['key and end a zero byte: all keys', '\0', '\0', 'abcd'],
    ['an interval without its end', 'a', 'c', 'ab'],
    ['an end at or below the key: nothing', 'c', 'b', ''],
    ['a missing key: nothing', 'bb', '', ''],
  ])('%s (etcd §8.7)', (_, key, end, expected) => {
    const { kvs } = fixture().machine.range(range(key, end))
    expect(kvs.map((kv) => text(kv.key)).join('')).toBe(expected)
  })

  it('orders keys by bytes, not by UTF-16 code units (etcd §8.9, catalogue 69)', () => {
    const store = new TestMachine()
    const keys = ['\uff5e', '\u{1f600}', 'z'].map((key) => Buffer.from(key).toString('latin1'))
    for (const key of keys) store.put(key)
    expect(store.keys()).toEqual([keys[2], keys[0], keys[1]])
  })

  it('reads the newest version at revision 0 or below (etcd §8.8)', () => {
    const store = fixture()
    expect(text(store.get('a', 0)!.value)).toBe('z2')
    expect(text(store.get('a', -5)!.value)).toBe('z2')
  })

  it('reads as of an old revision, and reports the present one (etcd §8.4, 8)', () => {
    const store = fixture()
    expect(store.contents(5)).toEqual(['a=z@2', 'b=y@3', 'c=y@4', 'd=x@5'])
    expect(store.contents(3)).toEqual(['a=z@2', 'b=y@3'])
    expect(store.contents(1)).toEqual([])
    expect(store.machine.range(range('a', '', { revision: 3 })).revision).toBe(7)
  })

  it('shows a key in each of its lives and not between them (etcd §8.8)', () => {
    const store = new TestMachine()
    store.put('a', '1')
    store.delete('a')
    store.put('a', '2')
    store.delete('a')
    expect([1, 2, 3, 4, 5].map((revision) => store.contents(revision).join())).toEqual([
      '',
      'a=1@2',
      '',
      'a=2@4',
      '',
    ])
    expect(store.get('a', 4)).toMatchObject({ version: 1, createRevision: 4 })
  })

  it('refuses a future revision, and allows the present one (etcd §8.8)', () => {
    const { machine } = fixture()
    expect(refusalOf(() => machine.range(range('a', '', { revision: 8 })))).toBe('futureRevision')
    expect(machine.range(range('a', '', { revision: 7 })).count).toBe(1)
  })

  it('refuses what is below the compacted revision, and allows it itself (etcd §8.8)', () => {
    const store = fixture()
    store.apply({ type: 'compact', revision: 5 })
    const { machine } = store
    expect(refusalOf(() => machine.range(range('a', '', { revision: 4 })))).toBe('compacted')
    expect(store.contents(5)).toEqual(['a=z@2', 'b=y@3', 'c=y@4', 'd=x@5'])
  })

  it.each([
    ['key', 'abcd', 'dcba'],
    ['version', 'bdac', 'acbd'],
    ['create', 'abcd', 'dcba'],
    ['mod', 'bdca', 'acdb'],
    ['value', 'dbca', 'acbd'],
  ] as const)('sorts by %s, equals by key (etcd §8.9)', (sortTarget, ascending, descending) => {
    const store = fixture()
    expect(keysOf(store, { sortTarget, sortOrder: 'ascend' })).toBe(ascending)
    expect(keysOf(store, { sortTarget, sortOrder: 'descend' })).toBe(descending)
    // A target without an order means ascending.
    expect(keysOf(store, { sortTarget })).toBe(ascending)
  })

  it('counts the interval whatever limit and filters do (etcd §8.10)', () => {
    const { machine } = fixture()
    const limited = machine.range(range('a', '\0', { limit: 2 }))
    expect(limited).toMatchObject({ count: 4, more: true })
    expect(limited.kvs).toHaveLength(2)
    expect(machine.range(range('a', '\0', { minModRevision: 6 }))).toMatchObject({
      count: 4,
      more: false,
    })
    expect(machine.range(range('a', '\0', { limit: 4 })).more).toBe(false)
    expect(machine.range(range('a', '\0', { revision: 4, limit: 1 }))).toMatchObject({
      count: 3,
      more: true,
    })
  })

  it('only counts with countOnly, also at an old revision (etcd §8.10)', () => {
    const { machine } = fixture()
    const empty = { kvs: [], more: false }
    const counted = (key: string, end: string, revision = 0) =>
      machine.range(range(key, end, { countOnly: true, limit: 1, revision }))
    expect(counted('a', '\0')).toMatchObject({ count: 4, ...empty })
    expect(counted('a', '\0', 3)).toMatchObject({ count: 2, ...empty })
    expect(counted('a', 'c')).toMatchObject({ count: 2, ...empty })
    expect(counted('a', '')).toMatchObject({ count: 1, ...empty })
    expect(counted('e', '')).toMatchObject({ count: 0, ...empty })
  })

  it.each([
    [{ minModRevision: 5 }, 'acd'],
    [{ maxModRevision: 5 }, 'bd'],
    [{ minCreateRevision: 4 }, 'cd'],
    [{ maxCreateRevision: 3 }, 'ab'],
    [{ minModRevision: 4, maxModRevision: 6 }, 'cd'],
    [{ maxModRevision: -1 }, ''],
  ])('filters by %o, bounds included (etcd §8.10)', (filter, expected) => {
    expect(keysOf(fixture(), filter)).toBe(expected)
  })

  it('filters, then sorts, then cuts; more says that something was cut (etcd §8.10)', () => {
    const { machine } = fixture()
    const filter = { minModRevision: 5, sortOrder: 'descend', sortTarget: 'mod', limit: 2 } as const
    const result = machine.range(range('a', '\0', filter))
    expect(result.kvs.map(({ key }) => text(key)).join('')).toBe('ac')
    expect(result).toMatchObject({ more: true, count: 4 })
  })

  it('leaves out only the value with keysOnly, sorting by it all the same (etcd §8.11)', () => {
    const { machine } = fixture()
    for (const revision of [0, 7, 6]) {
      const more = { keysOnly: true, sortTarget: 'value', sortOrder: 'ascend', revision } as const
      const { kvs } = machine.range(range('a', '\0', more))
      expect(kvs.map(({ key }) => text(key)).join('')).toBe('dbca')
      expect(kvs.every(({ value }) => value.length === 0)).toBe(true)
      expect(kvs[2]).toMatchObject({ createRevision: 4, modRevision: 6, version: 2, lease: '0' })
    }
    expect(keysOf(fixture(), { keysOnly: true })).toBe('abcd')
  })

  it('answers a transaction that only reads without the log, and lets none write (§8.23)', () => {
    const store = fixture()
    const applied = store.machine.appliedIndex
    const result = store.machine.readTxn(txn([], [range('a'), range('b', '', { revision: 3 })]))
    expect(result).toMatchObject({ succeeded: true, revision: 7, responses: [{}, {}] })
    expect(store.machine.appliedIndex).toBe(applied)
    expect(() => store.machine.readTxn(txn([], [deleteRange('a')]))).toThrow('without the log')
    expect(store.keys()).toContain('a')
  })
})

describe('what would be too much for one answer (catalogue 87)', () => {
  const VALUE = 1_500_000
  const count = Math.ceil(MAX_READ_BYTES / VALUE)
  const store = new TestMachine()
  for (let at = 0; at < count; at += 1) {
    store.put(`large ${String(at).padStart(3, '0')}`, 'x'.repeat(VALUE))
  }
  const all = (more: Partial<RangeOperation> = {}): RangeOperation => range('large', 'largf', more)

  it('is refused, now and at an old revision', () => {
    expect(refusalOf(() => store.machine.range(all()))).toBe('readTooLarge')
    const revision = store.revision
    store.put('another')
    expect(refusalOf(() => store.machine.range(all({ revision })))).toBe('readTooLarge')
  })

  it('also in parts of one transaction that only reads', () => {
    const middle = `large ${String(count >> 1).padStart(3, '0')}`
    const [half, other] = [range('large', middle), range(middle, 'largf')]
    for (const one of [half, other]) {
      expect(store.machine.range(one).kvs.length).toBeGreaterThan(0)
    }
    expect(refusalOf(() => store.machine.readTxn(txn([], [half, other])))).toBe('readTooLarge')
  })

  it.each<[string, Partial<RangeOperation>, number, number]>([
    ['with a limit', { limit: 50 }, 50, count],
    ['without values', { keysOnly: true }, count, count],
    ['only to be counted', { countOnly: true }, 0, count],
    ['for the last key', { limit: 1, sortOrder: 'descend' }, 1, count],
    ['for the newest', { limit: 1, sortOrder: 'descend', sortTarget: 'mod' }, 1, count],
    ['for a few that pass a filter', { minCreateRevision: count - 1 }, 3, count],
  ])(
    'is what an answer holds, not what is looked at: it can be read %s',
    (_, more, kvs, counted) => {
      const read = (revision: number): string => {
        const result = store.machine.range(all({ ...more, revision }))
        expect(result.kvs).toHaveLength(kvs)
        expect(result.count).toBe(counted)
        return result.kvs.map(({ key, value }) => `${text(key)} ${value.byteLength}`).join()
      }
      const newest = read(0)
      const { revision } = store
      store.put('another')
      expect(read(revision)).toBe(newest)
    },
  )
})

describe('a range of more keys than are read at a time', () => {
  const KEYS = 3_000
  const nameOf = (at: number): string => `k${String(at).padStart(4, '0')}`
  const store = new TestMachine()
  for (let at = 0; at < KEYS; at += 1) store.put(nameOf(at), String(at % 7))
  const before = store.revision
  for (let at = 0; at < KEYS; at += 3) store.delete(nameOf(at))
  const names = Array.from({ length: KEYS }, (_, at) => nameOf(at))
  const left = names.filter((_, at) => at % 3 !== 0)
  const read = (more: Partial<RangeOperation>): readonly string[] =>
    store.machine.range(range('k', 'l', more)).kvs.map(({ key }) => text(key))

  it.each<[string, number, readonly string[]]>([
    ['now', 0, left],
    ['before some of them were deleted', before, names],
  ])('finds each of them once and in order, %s', (_, revision, expected) => {
    expect(read({ revision })).toEqual(expected)
    expect(read({ revision, keysOnly: true })).toEqual(expected)
    expect(read({ revision, sortOrder: 'descend' })).toEqual([...expected].reverse())
    expect(read({ revision, limit: 1_500, keysOnly: true })).toEqual(expected.slice(0, 1_500))
    const { count } = store.machine.range(range('k', 'l', { revision, countOnly: true }))
    expect(count).toBe(expected.length)
  })

  it('keeps equals in the order of their keys when it keeps only the first', () => {
    const ofValue = (wanted: number) => names.filter((_, at) => at % 7 === wanted)
    const options = { revision: before, sortTarget: 'value', limit: 500 } as const
    expect(read({ ...options, sortOrder: 'ascend' })).toEqual(
      [...ofValue(0), ...ofValue(1)].slice(0, 500),
    )
    expect(read({ ...options, sortOrder: 'descend' })).toEqual(
      [...ofValue(6), ...ofValue(5)].slice(0, 500),
    )
  })
})
