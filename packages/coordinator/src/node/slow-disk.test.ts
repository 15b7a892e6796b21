/** When a leader with a slow disk gives up, to whom, and when it does not (catalogue 37). */

import type { Role } from '@holdfast/raft'
import { describe, expect, it } from 'vitest'
import { Heirs } from './heirs.js'
import { SlowDisk } from './slow-disk.js'

const ELECTION_TIMEOUT_MS = 1_000

/** A member `a` of some voters, and a disk that writes when it is told to. */
class Scene {
  nowMs = 0
  role: Role = 'leader'
  active = new Set(['a', 'b', 'c'])
  readonly asked: string[] = []
  readonly #writes: (() => void)[] = []
  readonly disk: SlowDisk

  constructor(
    voters: readonly string[] = ['a', 'b', 'c'],
    electionTimeoutMs = ELECTION_TIMEOUT_MS,
  ) {
    const { asked } = this
    const role = (): Role => this.role
    this.disk = new SlowDisk({
      heirs: new Heirs({
        memberId: 'a',
        raft: {
          isActive: (id) => this.active.has(id),
          membership: { membership: { voters } },
        },
      }),
      raft: {
        get status() {
          return { role: role(), term: 1, leaderId: 'a', commitIndex: 0 }
        },
        transferLeadership: (to) => {
          asked.push(to)
          return 'started'
        },
      },
      log: { append: (_write, onDurable) => void this.#writes.push(onDurable) },
      clock: { nowMs: () => this.nowMs },
      electionTimeoutMs,
      onHandOver: () => undefined,
    })
  }

  write(): void {
    this.disk.append({ hardState: undefined, snapshot: undefined, entries: [] }, () => undefined)
  }

  /** The oldest write is durable. */
  complete(): void {
    this.#writes.shift()?.()
  }

  pass(milliseconds: number): void {
    for (const end = this.nowMs + milliseconds; this.nowMs < end; this.nowMs += 100) {
      this.disk.tick()
    }
  }
}

describe('a leader whose write takes an election timeout', () => {
  it('hands over to a voter that is up, and to another one if that comes to nothing', () => {
    const scene = new Scene()
    scene.write()
    scene.pass(1_000)
    expect(scene.asked).toEqual([])
    scene.pass(100)
    expect(scene.asked).toHaveLength(1)
    scene.pass(2_000)
    expect(scene.asked).toHaveLength(3)
    expect(new Set(scene.asked)).toEqual(new Set(['b', 'c']))
  })

  it('or half a second, if elections are quicker than that', () => {
    const scene = new Scene(['a', 'b', 'c'], 200)
    scene.write()
    scene.pass(500)
    expect(scene.asked).toEqual([])
    scene.pass(100)
    expect(scene.asked).toHaveLength(1)
  })

  it('goes on when the others are no quorum without it', () => {
    const scene = new Scene()
    scene.active.delete('c')
    scene.write()
    scene.pass(5_000)
    expect(scene.asked).toEqual([])
    const two = new Scene(['a', 'b'])
    two.write()
    two.pass(5_000)
    expect(two.asked).toEqual([])
  })

  it('is not meant when many writes together take that long, or when it does not lead', () => {
    const busy = new Scene()
    for (let at = 0; at < 50; at += 1) {
      busy.write()
      busy.pass(100)
      if (at > 5) busy.complete()
    }
    expect(busy.asked).toEqual([])
    const follower = new Scene()
    follower.role = 'follower'
    follower.write()
    follower.pass(5_000)
    expect(follower.asked).toEqual([])
  })
})

describe('a disk', () => {
  it('counts as slow while a write takes an election timeout, and for three more', () => {
    const scene = new Scene()
    scene.write()
    scene.pass(900)
    expect(scene.disk.isSlow).toBe(false)
    scene.pass(600)
    expect(scene.disk.isSlow).toBe(true)
    scene.complete()
    scene.pass(2_900)
    expect(scene.disk.isSlow).toBe(true)
    scene.pass(200)
    expect(scene.disk.isSlow).toBe(false)
  })
})
