/** The in-flight window against a dumb twin: a plain list. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Inflights } from './inflights.js'
import { Random } from './random.js'

test('a window behaves like a list of (last index, bytes) with two bounds', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(50) }),
    fc.record({ freeThrough: fc.nat(12) }),
    fc.record({ clear: fc.constant(true) }),
  )
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 120 }),
      (steps, maxCount, maxBytes) => {
        const window = new Inflights(maxCount, maxBytes)
        let list: { index: number; bytes: number }[] = []
        let nextIndex = 1
        const isFull = (): boolean =>
          list.length >= maxCount || list.reduce((sum, { bytes }) => sum + bytes, 0) >= maxBytes
        for (const action of steps) {
          if ('add' in action && !isFull()) {
            window.add(nextIndex, action.add)
            list.push({ index: nextIndex, bytes: action.add })
            nextIndex += 2
          } else if ('freeThrough' in action) {
            const through = nextIndex - action.freeThrough
            window.freeThrough(through)
            list = list.filter(({ index }) => index > through)
          } else if ('clear' in action) {
            window.clear()
            list = []
          }
          expect(window.isFull).toBe(isFull())
          expect(window.count).toBe(list.length)
        }
      },
    ),
    { numRuns: 300, seed: 3 },
  )
})

test('a full window takes nothing more', () => {
  const window = new Inflights(1, 100)
  window.add(1, 1)
  expect(() => window.add(2, 1)).toThrow('a full window')
})

test('the generator repeats itself from its seed, and fills its range evenly', () => {
  const draw = (seed: number): number[] => {
    const random = new Random(seed)
    return Array.from({ length: 2_000 }, () => random.below(10))
  }
  expect(draw(5)).toEqual(draw(5))
  expect(draw(5)).not.toEqual(draw(6))
  for (let value = 0; value < 10; value += 1) {
    const share = draw(7).filter((drawn) => drawn === value).length / 2_000
    expect(share).toBeGreaterThan(0.07)
    expect(share).toBeLessThan(0.13)
  }
})
