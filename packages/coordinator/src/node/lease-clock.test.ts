/** The clock that leases age by: it may run late, never early (catalogue 57, 58 and 71). */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LeaseClock } from './lease-clock.js'

const MAX_STEP_MS = 200

describe('LeaseClock', () => {
  it('runs with the host while it is read often enough', () => {
    const clock = new LeaseClock(MAX_STEP_MS, 1_000)
    expect(clock.read(1_000)).toBe(0)
    expect(clock.read(1_100)).toBe(100)
    expect(clock.read(1_300)).toBe(300)
  })

  it('stands still, but for one step, while the process is stalled (etcd #12528)', () => {
    const clock = new LeaseClock(MAX_STEP_MS, 0)
    expect(clock.read(60_000)).toBe(MAX_STEP_MS)
    expect(clock.read(60_050)).toBe(MAX_STEP_MS + 50)
  })

  it('goes on from where the stall ended, without catching up', () => {
    const clock = new LeaseClock(MAX_STEP_MS, 0)
    clock.read(10_000)
    for (let now = 10_100; now <= 11_000; now += 100) clock.read(now)
    expect(clock.read(11_000)).toBe(MAX_STEP_MS + 1_000)
  })

  it('counts no moment twice when readings are handed over out of order', () => {
    const clock = new LeaseClock(MAX_STEP_MS, 0)
    clock.read(100)
    expect(clock.read(20)).toBe(100)
    expect(clock.read(100)).toBe(100)
    expect(clock.read(150)).toBe(150)
  })

  it('is never ahead of the host and never goes back', () => {
    const readings = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 50 })
    fc.assert(
      fc.property(readings, (nows) => {
        const clock = new LeaseClock(MAX_STEP_MS, 0)
        let newest = 0
        let before = 0
        for (const now of nows) {
          newest = Math.max(newest, now)
          const elapsed = clock.read(now)
          expect(elapsed).toBeLessThanOrEqual(newest)
          expect(elapsed).toBeGreaterThanOrEqual(before)
          before = elapsed
        }
      }),
    )
  })
})
