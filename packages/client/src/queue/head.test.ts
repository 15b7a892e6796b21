import { utf8Encode } from '@holdfast/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bench } from '../fake/bench.test-support.js'
import { readHead } from './head.js'
import { QueueLayout, seenRevisionOf } from './layout.js'

const signal = new AbortController().signal

/** Pushes by producers that have seen anything from nothing to the newest revision. */
test('the head begins with the oldest unclaimed items, whatever their producers had seen', async () => {
  const pushes = fc.array(
    fc.record({ seen: fc.double({ min: 0, max: 1, noNaN: true }), claimed: fc.boolean() }),
    { minLength: 1, maxLength: 700, size: 'max' },
  )
  await fc.assert(
    fc.asyncProperty(pushes, async (plan) => {
      const { core, etcd } = bench()
      const layout = new QueueLayout('q')
      const expected: string[] = []
      for (const { seen, claimed } of plan) {
        const id = layout.newId(Math.floor(seen * etcd.store.revision))
        put(etcd.store, layout.items + id)
        if (claimed) put(etcd.store, layout.claims + id)
        else expected.push(id)
      }
      const { candidates } = await readHead(core.rpc, layout, signal)
      const found = candidates.map(({ id }) => id)
      expect(found).toEqual(expected.slice(0, found.length))
      expect(found.length === 0).toBe(expected.length === 0)
    }),
    { numRuns: 15 },
  )
})

test('one page is enough for a long queue of one producer', async () => {
  const { core, etcd } = bench()
  const layout = new QueueLayout('q')
  for (let item = 0; item < 2_000; item++) {
    put(etcd.store, layout.items + layout.newId(etcd.store.revision))
  }
  const { candidates } = await readHead(core.rpc, layout, signal)
  expect(candidates.length).toBeGreaterThan(200)
  expect(etcd.sent).toHaveLength(1)
})

test('the seen revision is read back from an id, and anything else counts as oldest', () => {
  expect(seenRevisionOf(new QueueLayout('q').newId(42))).toBe(42)
  expect(seenRevisionOf('somebody else’s')).toBe(0)
})

function put(store: ReturnType<typeof bench>['etcd']['store'], key: string): void {
  store.txn({
    compare: [],
    success: [
      {
        requestPut: {
          key: utf8Encode(key),
          value: utf8Encode('1'),
          lease: '0',
          prevKv: false,
          ignoreValue: false,
          ignoreLease: false,
        },
        requestRange: undefined,
        requestDeleteRange: undefined,
        requestTxn: undefined,
      },
    ],
    failure: [],
  })
}
