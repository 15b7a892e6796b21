import fc from 'fast-check'
import { nanoid } from 'nanoid'
import { describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import { putKeys } from '../fake/put-keys.test-support.js'
import { readHead, type Boundary, type Head } from './head.js'
import { QueueLayout } from './layout.js'

const signal = new AbortController().signal
const layout = new QueueLayout('q')

function look({ core }: Bench, window?: Boundary): Promise<Head> {
  return readHead(core.rpc, layout, { nowMs: 0, window, signal })
}

const idsOf = ({ candidates }: Head): string[] => candidates.map(({ id }) => id)

/** Keys of the next items, of a producer who has seen the newest revision. */
function items(fixture: Bench, count: number, priority = 0): string[] {
  const seenRevision = fixture.etcd.store.revision
  return Array.from({ length: count }, () =>
    layout.itemKey({ priority, seenRevision, ordinal: 0 }, layout.newId(seenRevision, nanoid())),
  )
}

interface Put {
  readonly key: string
  readonly id: string
  readonly priority: number
  readonly revision: number
}

/** The order of a queue, written down without cleverness. */
function inOrder(puts: readonly Put[]): string[] {
  const sorted = [...puts].sort(
    (left, right) =>
      right.priority - left.priority ||
      left.revision - right.revision ||
      (left.key < right.key ? -1 : 1),
  )
  return sorted.map(({ id }) => id)
}

describe('the head', () => {
  /** Producers that have seen anything from nothing to the newest revision; several items at once. */
  const steps = fc.array(
    fc.record({
      unseen: fc.oneof(fc.nat(6), fc.nat(2_000)),
      priority: fc.constantFrom(0, 0, 0, 1, -1, 32_767, -32_768),
      claimed: fc.boolean(),
      together: fc.integer({ min: 1, max: 3 }),
      elsewhere: fc.boolean(),
    }),
    { minLength: 1, maxLength: 400, size: 'max' },
  )
  const window = fc.option(
    fc.record({ priority: fc.constantFrom(0, 1, -1), seenRevision: fc.nat(500) }),
    { nil: undefined },
  )

  test('begins with the first free items in the order of the queue, whatever their producers saw', async () => {
    await fc.assert(
      fc.asyncProperty(steps, window, async (plan, givenWindow) => {
        const fixture = bench()
        const { store } = fixture.etcd
        const free: Put[] = []
        for (const { unseen, priority, claimed, together, elsewhere } of plan) {
          const seenRevision = Math.max(0, store.revision - unseen)
          const puts = Array.from({ length: together }, (_, ordinal) => {
            const id = layout.newId(seenRevision, nanoid())
            const key = layout.itemKey({ priority, seenRevision, ordinal }, id)
            return { id, key, priority, revision: store.revision + 1 }
          })
          putKeys(store, ...puts.map(({ key }) => key))
          if (claimed) putKeys(store, ...puts.map(({ id }) => layout.claims + id))
          else free.push(...puts)
          if (elsewhere) putKeys(store, 'elsewhere', `${layout.items}not ours`)
        }
        const expected = inOrder(free)
        let head = await look(fixture, givenWindow)
        for (let looks = 0; looks < 2; looks++) {
          const found = idsOf(head)
          expect(found).toEqual(expected.slice(0, found.length))
          expect(found.length === 0).toBe(expected.length === 0)
          head = await look(fixture, head.window)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('is found in one page of a long queue of one producer', async () => {
    const fixture = bench()
    for (let item = 0; item < 2_000; item++) putKeys(fixture.etcd.store, ...items(fixture, 1))
    const { candidates } = await look(fixture)
    expect(candidates.length).toBeGreaterThan(200)
    expect(fixture.etcd.sent).toHaveLength(1)
  })

  test('is found in one page although the rest of it is of a lower priority', async () => {
    const fixture = bench()
    for (let item = 0; item < 500; item++) putKeys(fixture.etcd.store, ...items(fixture, 1, -5))
    putKeys(fixture.etcd.store, ...items(fixture, 1, 5))
    const { candidates } = await look(fixture)
    expect(candidates[0]).toMatchObject({ priority: 5 })
    expect(fixture.etcd.sent).toHaveLength(1)
  })

  test('leaves out what came while it was reading, since it may have missed what came before', async () => {
    const fixture = bench()
    const { store } = fixture.etcd
    const crowd = items(fixture, 257)
    putKeys(store, ...crowd)
    putKeys(store, ...crowd.map((key) => layout.claims + layout.parseItem(key)!.id))
    let answers = 0
    fixture.etcd.travel = (leg) => {
      if (leg !== '< txn' || ++answers > 1) return Promise.resolve()
      // The first has its place on the page that was read; the second on the one that was not.
      putKeys(store, layout.itemKey({ priority: 0, seenRevision: 0, ordinal: 0 }, 'first'))
      putKeys(store, ...items(fixture, 1))
      return Promise.resolve()
    }
    const overtaken = await look(fixture)
    expect(overtaken.candidates).toEqual([])
    expect(idsOf(await look(fixture))[0]).toBe('first')
  })
})

describe('the window', () => {
  test.each([1, 60])(
    'spares the server from counting a long queue, pushed %i at a time',
    async (together) => {
      const fixture = bench()
      const { store } = fixture.etcd
      const length = 6_000
      for (let item = 0; item < length; item += together) {
        putKeys(store, ...items(fixture, together))
      }
      const counts: number[] = []
      const range = store.range.bind(store)
      store.range = (request) => {
        const result = range(request)
        counts.push(result.count)
        return result
      }
      const first = await look(fixture)
      expect(Math.max(...counts)).toBe(length)
      counts.length = 0
      const second = await look(fixture, first.window)
      expect(idsOf(second)).toEqual(idsOf(first))
      expect(Math.max(...counts)).toBeLessThan(5_000)
      expect(second.window).toEqual(first.window)
    },
  )
})
