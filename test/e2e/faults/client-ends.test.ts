import { getActiveResourcesInfo } from 'node:process'
import { describe, expect, it, vi } from 'vitest'
import { awaitEnds } from './client-ends.js'

/** Long enough for a test to fail that waits for it. */
const NEVER_MS = 2 ** 31 - 1

const timers = (): number => getActiveResourcesInfo().filter((name) => name === 'Timeout').length

function never(): Promise<void> {
  return new Promise(() => undefined)
}

/** Ends when it is told to give up, as every client does that waits. */
function obedient(givenUp: AbortController): Promise<void> {
  return new Promise((resolve) => givenUp.signal.addEventListener('abort', () => resolve()))
}

describe('clients that end', () => {
  it('leave no timer behind, also when they are given up afterwards', async () => {
    const givenUp = new AbortController()
    const complain = vi.fn()
    const before = timers()
    await awaitEnds([Promise.resolve()], { givenUp, patienceMs: NEVER_MS, complain })
    expect(timers()).toBe(before)
    givenUp.abort()
    expect(timers()).toBe(before)
    expect(complain).not.toHaveBeenCalled()
  })
})

describe('clients that do not end', () => {
  it('are complained of once, and told to give up', async () => {
    const givenUp = new AbortController()
    const complain = vi.fn()
    await awaitEnds([obedient(givenUp)], { givenUp, patienceMs: 5, complain })
    expect(complain).toHaveBeenCalledTimes(1)
  })

  it('are left alone when they do not give up either', async () => {
    const givenUp = new AbortController()
    const complain = vi.fn()
    await awaitEnds([never()], { givenUp, patienceMs: 5, complain })
    expect(complain).toHaveBeenCalledTimes(1)
  })

  it('are not waited for in vain when they were given up before, or are meanwhile', async () => {
    const givenUp = new AbortController()
    const complain = vi.fn()
    const waiting = awaitEnds([obedient(givenUp)], { givenUp, patienceMs: NEVER_MS, complain })
    givenUp.abort()
    await waiting
    await awaitEnds([never()], { givenUp, patienceMs: 5, complain })
    expect(complain).not.toHaveBeenCalled()
  })
})
