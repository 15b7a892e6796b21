/** What an answer of many lines is made of, such as a copy of the state, is given back however it ends. */

import { describe, expect, it } from 'vitest'
import type { Clock } from '../time/clock.js'
import { answerLines } from './answer-lines.js'
import type { EdgeContext } from './edge-context.js'
import { Lines, settle } from './edge.test-support.js'

/** A clock on which nothing happens by itself. */
class Timers implements Pick<Clock, 'after'> {
  readonly #waiting = new Set<{ readonly delayMs: number; readonly action: () => void }>()

  after(delayMs: number, action: () => void): () => void {
    const timer = { delayMs, action }
    this.#waiting.add(timer)
    return () => this.#waiting.delete(timer)
  }

  get delaysMs(): number[] {
    return [...this.#waiting].map(({ delayMs }) => delayMs)
  }

  /** All are over at once. */
  pass(): void {
    for (const timer of this.#waiting) {
      this.#waiting.delete(timer)
      timer.action()
    }
  }
}

const LONG = JSON.stringify('x'.repeat(300_000))

interface Scene {
  readonly clock: Timers
  /** Who is told that there is no leader. */
  readonly onLost: ReadonlySet<() => void>
  readonly answer: Promise<Response>
  readonly made: () => number
  readonly isGivenBack: () => boolean
}

function answering(
  lines: () => AsyncIterable<string>,
  headers: Record<string, string> = {},
): Scene {
  const clock = new Timers()
  const onLost = new Set<() => void>()
  const subscribe = (listener: () => void): (() => void) => {
    onLost.add(listener)
    return () => onLost.delete(listener)
  }
  const node = { leaderPresence: { subscribe } }
  let isGivenBack = false
  let made = 0
  async function* counted(): AsyncGenerator<string> {
    try {
      for await (const line of lines()) {
        made += 1
        yield line
      }
    } finally {
      isGivenBack = true
    }
  }
  const answer = answerLines({
    context: { clock, node } as unknown as EdgeContext,
    request: new Request('http://h/', { method: 'POST', headers }),
    lines: counted,
    onDefect: (error) => expect(error).toBeUndefined(),
  })
  return { clock, onLost, answer, made: () => made, isGivenBack: () => isGivenBack }
}

async function* endlessly(): AsyncGenerator<string> {
  for (;;) yield await Promise.resolve(LONG)
}

describe('an answer', () => {
  it('whose first line comes after the time of its client is not left half made', async () => {
    let come = (): void => undefined
    const first = new Promise<void>((resolve) => (come = resolve))
    const scene = answering(
      async function* () {
        await first
        yield '1'
        yield '2'
      },
      { 'grpc-timeout': '1S' },
    )
    scene.clock.pass()
    await expect(scene.answer).rejects.toThrow('context deadline exceeded')
    come()
    await settle()
    expect(scene.isGivenBack()).toBe(true)
  })

  it('of which nothing is taken for a minute is given up, and says so to who comes back', async () => {
    const { clock, answer, isGivenBack } = answering(endlessly)
    const response = await answer
    await settle()
    expect({ delaysMs: clock.delaysMs, isGivenBack: isGivenBack() }).toEqual({
      ...{ delaysMs: [60_000], isGivenBack: false },
    })
    clock.pass()
    await settle()
    expect(isGivenBack()).toBe(true)
    const rest = await new Lines(response).rest()
    expect(rest.at(-1)).toMatchObject({
      error: { grpc_code: 4, message: 'nothing of the answer was taken for 60 s' },
    })
  })

  it('that is taken slowly is made on', async () => {
    const { clock, answer, made, isGivenBack } = answering(endlessly)
    const lines = new Lines(await answer)
    await settle()
    const before = made()
    for (let taken = 0; taken < 5; taken += 1) {
      expect(clock.delaysMs).toEqual([60_000])
      await lines.next()
      await settle()
    }
    expect({ more: made() - before, isGivenBack: isGivenBack() }).toEqual({
      ...{ more: 5, isGivenBack: false },
    })
    await lines.leave()
    await settle()
    expect({ delaysMs: clock.delaysMs, isGivenBack: isGivenBack() }).toEqual({
      ...{ delaysMs: [], isGivenBack: true },
    })
  })

  it('that requires a leader ends when there is none (etcd: monitorLeader; etcd #10819)', async () => {
    async function* silent(): AsyncGenerator<string> {
      yield '1'
      await new Promise(() => undefined)
    }
    const [wanting, other] = [{ 'grpc-metadata-hasleader': 'true' }, {}].map((headers) =>
      answering(silent, headers),
    )
    const lines = new Lines(await wanting!.answer)
    expect(await lines.result()).toBe(1)
    expect([wanting!.onLost.size, other!.onLost.size]).toEqual([1, 0])
    for (const tell of wanting!.onLost) tell()
    expect(await lines.rest()).toMatchObject([
      { error: { grpc_code: 14, message: 'etcdserver: no leader' } },
    ])
    expect(wanting!.onLost.size).toBe(0)
  })

  it('before whose first line the leader is lost is refused', async () => {
    const scene = answering(
      async function* () {
        await new Promise(() => undefined)
        yield '1'
      },
      { 'grpc-metadata-hasleader': 'true' },
    )
    for (const tell of scene.onLost) tell()
    await expect(scene.answer).rejects.toThrow('no leader')
  })
})
