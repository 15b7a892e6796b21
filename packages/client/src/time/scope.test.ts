import { getEventListeners } from 'node:events'
import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../fake/manual-clock.test-support.js'
import { orAbort, Scope } from './scope.js'

let source: AbortController
let clock: ManualClock
beforeEach(() => {
  source = new AbortController()
  clock = new ManualClock()
})

const listeners = (): number => getEventListeners(source.signal, 'abort').length
const follow = (): Scope => new Scope(clock, { signal: source.signal })
const never = new Promise<never>(() => undefined)

describe('a signal that many waits follow', () => {
  it('has one listener, or Node would warn of a leak at the eleventh', async () => {
    const scopes = Array.from({ length: 20 }, follow)
    const waits = scopes.map(() => orAbort(never, source.signal))
    expect(listeners()).toBe(1)
    source.abort()
    expect(scopes.every(({ signal }) => signal.aborted)).toBe(true)
    const ends = await Promise.allSettled(waits)
    expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
  })

  it('has none when the last of them is over, and can be followed again', () => {
    const [first, second] = [follow(), follow()]
    first[Symbol.dispose]()
    expect(listeners()).toBe(1)
    second[Symbol.dispose]()
    second[Symbol.dispose]()
    expect(listeners()).toBe(0)
    const third = follow()
    source.abort()
    expect([first, second, third].map(({ signal }) => signal.aborted)).toEqual([false, false, true])
  })

  it('aborts none that was over before, though another that it aborted ended it', () => {
    const [first, second] = [follow(), follow()]
    first.signal.addEventListener('abort', () => second[Symbol.dispose]())
    source.abort()
    expect(second.signal.aborted).toBe(false)
  })
})
