import { beforeEach, expect, test } from 'vitest'
import { ManualClock, settle } from '../fake/manual-clock.test-support.js'
import { Patience } from './patience.js'

let clock: ManualClock
beforeEach(() => {
  clock = new ManualClock()
})

/** What comes after so long. */
function after(ms: number): Promise<string> {
  return new Promise((resolve) => clock.schedule(ms, () => resolve(`after ${ms} ms`)))
}

const timeout = { code: 'timeout', outcome: 'not-applied', message: 'nothing came within 100 ms' }

test('what comes in time comes, and what does not is given up', async () => {
  const patience = new Patience(clock, 100)
  const inTime = patience.wait(after(99))
  await clock.advance(99)
  expect(await inTime).toBe('after 99 ms')
  patience.renew()
  const late = expect(patience.wait(after(101))).rejects.toMatchObject(timeout)
  await clock.advance(100)
  await late
})

test('waits add up until an item comes, and the time between them does not count', async () => {
  const patience = new Patience(clock, 100)
  const first = patience.wait(after(60))
  await clock.advance(60)
  await first
  await clock.advance(1_000)
  const late = expect(patience.wait(after(50))).rejects.toMatchObject(timeout)
  await clock.advance(40)
  await late
  patience.renew()
  const renewed = patience.wait(after(90))
  await clock.advance(90)
  expect(await renewed).toBe('after 90 ms')
})

test('what is there already is taken, however little patience is left', async () => {
  const patience = new Patience(clock, 0)
  expect(await patience.wait(Promise.resolve('there'))).toBe('there')
  const late = expect(patience.wait(after(1))).rejects.toMatchObject({ code: 'timeout' })
  await clock.advance(0)
  await late
})

test('without a limit it waits for ever, and a failure is passed on', async () => {
  const patience = new Patience(clock)
  let ended = false
  void patience.wait(new Promise(() => undefined)).then(() => {
    ended = true
  })
  await clock.advance(2 ** 40)
  await settle()
  expect(ended).toBe(false)
  await expect(patience.wait(Promise.reject(new Error('mine')))).rejects.toThrow('mine')
})

test('what fails after it was given up is no unhandled rejection', async () => {
  const patience = new Patience(clock, 100)
  const failing = new Promise((_, reject) => clock.schedule(200, () => reject(new Error('late'))))
  const late = expect(patience.wait(failing)).rejects.toMatchObject(timeout)
  await clock.advance(300)
  await late
})
