/** History that is cut by itself (etcd: v3compactor). */

import { describe, expect, it, vi } from 'vitest'
import { AutoCompaction, type CompactionPolicy } from './auto-compaction.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

class Scene {
  nowMs = 0
  revision = 1
  leads = true
  fails = false
  readonly compacted: number[] = []
  #look = (): void => undefined
  #everyMs = 0
  readonly compaction: AutoCompaction

  constructor(policy: CompactionPolicy) {
    this.compaction = new AutoCompaction({
      policy,
      revision: () => this.revision,
      leads: () => this.leads,
      compact: (revision) => {
        if (this.fails) return Promise.reject(new Error('no leader'))
        this.compacted.push(revision)
        return Promise.resolve()
      },
      clock: {
        nowMs: () => this.nowMs,
        every: (periodMs, look) => {
          this.#everyMs = periodMs
          this.#look = look
          return () => (this.#look = () => undefined)
        },
      },
    })
    this.compaction.start()
  }

  /** One revision a minute. */
  async pass(forMs: number): Promise<void> {
    const endMs = this.nowMs + forMs
    while (this.nowMs + this.#everyMs <= endMs) {
      this.nowMs += this.#everyMs
      this.revision = 1 + Math.floor(this.nowMs / MINUTE)
      this.#look()
      await Promise.resolve()
      await vi.waitFor(() => undefined)
    }
  }
}

describe('by time', () => {
  it('keeps what was written within the period, from the first period on', async () => {
    const scene = new Scene({ mode: 'periodic', periodMs: 30 * MINUTE })
    await scene.pass(30 * MINUTE)
    expect(scene.compacted).toEqual([])
    await scene.pass(3 * MINUTE)
    expect(scene.compacted).toEqual([4])
    await scene.pass(5 * HOUR)
    for (const [at, revision] of scene.compacted.entries()) {
      const previous = scene.compacted[at - 1] ?? 0
      expect(revision).toBeGreaterThan(previous)
    }
    const newest = scene.compacted.at(-1)!
    expect(scene.revision - newest).toBeGreaterThanOrEqual(30)
    expect(scene.revision - newest).toBeLessThanOrEqual(60)
  })

  it('that is long is done once an hour', async () => {
    const scene = new Scene({ mode: 'periodic', periodMs: 5 * HOUR })
    await scene.pass(10 * HOUR)
    expect(scene.compacted.length).toBeGreaterThanOrEqual(5)
    expect(scene.compacted.length).toBeLessThanOrEqual(6)
    expect(scene.revision - scene.compacted.at(-1)!).toBeGreaterThanOrEqual(300)
  })

  it('does nothing while nothing is written', async () => {
    const scene = new Scene({ mode: 'periodic', periodMs: 30 * MINUTE })
    scene.revision = 1
    await scene.pass(5)
    expect(scene.compacted).toEqual([])
  })
})

describe('by revisions', () => {
  it('keeps so many', async () => {
    const scene = new Scene({ mode: 'revision', revisions: 100 })
    await scene.pass(100 * MINUTE)
    expect(scene.compacted).toEqual([])
    await scene.pass(10 * MINUTE)
    expect(scene.compacted).toEqual([6, 11])
  })
})

describe('who does not lead', () => {
  it('looks on, and goes on from there when it does', async () => {
    const scene = new Scene({ mode: 'periodic', periodMs: 30 * MINUTE })
    scene.leads = false
    await scene.pass(3 * HOUR)
    expect(scene.compacted).toEqual([])
    scene.leads = true
    await scene.pass(3 * MINUTE)
    expect(scene.compacted).toHaveLength(1)
    expect(scene.revision - scene.compacted[0]!).toBeGreaterThanOrEqual(30)
  })
})

it('what failed is tried again at the next look', async () => {
  const scene = new Scene({ mode: 'revision', revisions: 10 })
  scene.fails = true
  await scene.pass(30 * MINUTE)
  scene.fails = false
  await scene.pass(5 * MINUTE)
  expect(scene.compacted).toEqual([26])
})

it('ends', async () => {
  const scene = new Scene({ mode: 'revision', revisions: 10 })
  scene.compaction.close()
  await scene.pass(2 * HOUR)
  expect(scene.compacted).toEqual([])
})
