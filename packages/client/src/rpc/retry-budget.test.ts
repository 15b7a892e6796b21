import { expect, test } from 'vitest'
import { ManualClock } from '../fake/manual-clock.test-support.js'
import { RetryBudget } from './retry-budget.js'

test('lets a failover of a hundred requests go at once, and paces what goes beyond', () => {
  const budget = new RetryBudget(new ManualClock())
  const waits = Array.from({ length: 120 }, () => budget.takeMs())
  expect(waits.slice(0, 100)).toEqual(Array(100).fill(0))
  expect(waits[100]).toBe(100)
  expect(waits[119]).toBe(2_000)
})

test('refills with time and with success, up to its bound', () => {
  const clock = new ManualClock()
  const budget = new RetryBudget(clock)
  for (let retry = 0; retry < 100; retry++) budget.takeMs()
  for (let success = 0; success < 10; success++) budget.succeeded()
  expect(budget.takeMs()).toBeLessThan(1)
  expect(budget.takeMs()).toBeGreaterThan(90)
  clock.stall(1_000_000)
  for (let retry = 0; retry < 100; retry++) expect(budget.takeMs()).toBe(0)
  expect(budget.takeMs()).toBe(100)
})
