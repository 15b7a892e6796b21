import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { measure, messageOf } from './measure.js'

const brief = { inFlight: 4, warmUpSeconds: 0.02, seconds: 0.05 }
const noEvents = { warm: () => undefined, ended: () => undefined }

describe('measure', () => {
  it('keeps as many operations in flight as asked for, one of each worker', async () => {
    const running = new Set<number>()
    let most = 0
    await measure(
      async (worker) => {
        expect(running.has(worker)).toBe(false)
        running.add(worker)
        most = Math.max(most, running.size)
        await nextTurn()
        running.delete(worker)
      },
      brief,
      noEvents,
    )
    expect(most).toBe(4)
    expect(running.size).toBe(0)
  })

  it('counts what is answered inside the window, and nothing of the warm-up', async () => {
    let [inWindow, all] = [0, 0]
    let open = false
    const figures = await measure(
      async () => {
        await nextTurn()
        all += 1
        if (open) inWindow += 1
      },
      brief,
      { warm: () => (open = true), ended: () => (open = false) },
    )
    // The count goes up in the operation, and the record follows a moment later.
    expect(Math.abs(figures.ops - inWindow)).toBeLessThanOrEqual(brief.inFlight)
    expect(figures.ops).toBeLessThan(all)
    expect(figures.elapsedSeconds).toBeGreaterThanOrEqual(0.045)
    expect(figures.errors).toBe(0)
  })

  it('counts failures, names the different ones, and records no latency of them', async () => {
    const figures = await measure(
      async (worker) => {
        await nextTurn()
        throw new Error(`worker ${worker % 2} was refused`)
      },
      brief,
      noEvents,
    )
    expect(figures).toMatchObject({ ops: 0, p50Ms: undefined, p99Ms: undefined })
    expect(figures.errors).toBeGreaterThanOrEqual(4)
    expect(figures.errorMessages).toEqual([
      'Error: worker 0 was refused',
      'Error: worker 1 was refused',
    ])
  })

  it('waits for what is still in flight when the window closes, and does not count it', async () => {
    let answered = 0
    let answerAll: () => void = () => undefined
    const answer = new Promise<void>((resolve) => (answerAll = resolve))
    const figures = await measure(
      async () => {
        await answer
        answered += 1
      },
      brief,
      { ...noEvents, ended: () => answerAll() },
    )
    expect(figures.ops).toBe(0)
    expect(answered).toBe(4)
  })
})

describe('messageOf', () => {
  it('makes one short line of anything that was thrown', () => {
    expect(messageOf(new TypeError('a\n  b'))).toBe('TypeError: a b')
    expect(messageOf('x'.repeat(1_000))).toHaveLength(160)
  })
})
