/** When a slice is done, when not, and who is told that there is nothing left. */

import { describe, expect, it } from 'vitest'
import { SlicedWork } from './sliced-work.js'
import { track, turn } from './tracked.test-support.js'

class Scene {
  /** Slices that are left to do. */
  left = 0
  done = 0
  readonly fatal: unknown[] = []
  onSlice = (): void => undefined
  #gate: Promise<void> | undefined
  #open = (): void => undefined
  #fail = (_error: Error): void => undefined
  #polls: (() => void)[] = []
  readonly work = new SlicedWork({
    slice: () => {
      this.left -= 1
      this.done += 1
      this.onSlice()
      return this.left > 0
    },
    gate: () => this.#gate,
    clock: {
      afterPoll: (action) => {
        this.#polls.push(action)
        return () => undefined
      },
    },
    onFatal: (error) => void this.fatal.push(error),
  })

  start(slices: number): void {
    this.left = slices
    this.work.start()
  }

  hold(): void {
    this.#gate = new Promise((resolve, reject) => {
      this.#open = resolve
      this.#fail = reject
    })
  }

  release(): void {
    this.#gate = undefined
    this.#open()
  }

  /** What it was held for has failed. */
  fail(): void {
    this.#gate = undefined
    this.#fail(new Error('the snapshot is damaged'))
  }

  /** What has arrived was read, so many times. */
  async polls(count = 1): Promise<void> {
    for (let poll = 0; poll < count; poll += 1) {
      await turn()
      for (const action of this.#polls.splice(0)) action()
      await turn()
    }
  }
}

describe('work', () => {
  it('is done one slice at a time, each when what has arrived was read', async () => {
    const scene = new Scene()
    scene.start(3)
    const finished = track(scene.work.finished())
    await turn()
    expect(scene.done).toBe(0)
    await scene.polls()
    expect(scene.done).toBe(1)
    await turn()
    expect(scene.done).toBe(1)
    await scene.polls()
    expect([scene.done, finished.state]).toEqual([2, 'pending'])
    await scene.polls()
    expect([scene.done, finished.state]).toEqual([3, 'fulfilled'])
    await scene.polls(5)
    expect(scene.done).toBe(3)
  })

  it('that nobody has started is finished', async () => {
    await new Scene().work.finished()
  })

  it('that is started while it is done begins again when it has come to its end', async () => {
    const scene = new Scene()
    scene.start(2)
    await scene.polls()
    scene.work.start()
    const finished = track(scene.work.finished())
    await scene.polls()
    // It cannot be known whether the last slice has seen what the start was for.
    expect([scene.done, finished.state]).toEqual([2, 'pending'])
    await scene.polls()
    expect([scene.done, finished.state]).toEqual([3, 'fulfilled'])
    await scene.polls(5)
    expect(scene.done).toBe(3)
  })

  it('that is started in the very moment in which it ends is done', async () => {
    const scene = new Scene()
    scene.onSlice = () => {
      scene.onSlice = () => undefined
      queueMicrotask(() => scene.start(2))
    }
    scene.start(1)
    await scene.polls(3)
    expect(scene.done).toBe(3)
    await scene.work.finished()
  })

  it('that has ended is done again when it is started again', async () => {
    const scene = new Scene()
    scene.start(1)
    await scene.polls()
    scene.start(2)
    const finished = track(scene.work.finished())
    await scene.polls(2)
    expect([scene.done, finished.state]).toEqual([3, 'fulfilled'])
  })

  it('is told when a slice fails, and ends', async () => {
    const scene = new Scene()
    const error = new Error('the disk has failed')
    scene.onSlice = () => {
      throw error
    }
    scene.start(3)
    const finished = track(scene.work.finished())
    await scene.polls(3)
    expect([scene.fatal, scene.done, finished.state]).toEqual([[error], 1, 'fulfilled'])
  })
})

describe('while apply is held', () => {
  it('no slice is done, and the work goes on after that', async () => {
    const scene = new Scene()
    scene.hold()
    scene.start(2)
    await scene.polls(5)
    expect(scene.done).toBe(0)
    scene.release()
    await scene.polls()
    expect(scene.done).toBe(1)
    scene.hold()
    await scene.polls(5)
    expect(scene.done).toBe(1)
    scene.release()
    await scene.polls()
    expect(scene.done).toBe(2)
  })

  it('none is done that was about to be', async () => {
    const scene = new Scene()
    scene.start(1)
    await turn()
    scene.hold()
    await scene.polls(5)
    expect(scene.done).toBe(0)
    scene.release()
    await scene.polls(2)
    expect(scene.done).toBe(1)
  })

  it('and held once more when it is released, none is done either', async () => {
    const scene = new Scene()
    scene.hold()
    scene.start(1)
    await turn()
    scene.release()
    scene.hold()
    await scene.polls(5)
    expect(scene.done).toBe(0)
  })

  it('the work ends when it is closed, though nobody releases it any more', async () => {
    const scene = new Scene()
    scene.hold()
    scene.start(2)
    const finished = track(scene.work.finished())
    await turn()
    scene.work.close()
    await scene.polls()
    expect([scene.done, finished.state]).toEqual([0, 'fulfilled'])
  })

  it('for what fails, the work ends, and leaves it to others to report that', async () => {
    const scene = new Scene()
    scene.hold()
    scene.start(1)
    const finished = track(scene.work.finished())
    await turn()
    scene.fail()
    await scene.polls(3)
    expect([scene.fatal, scene.done, finished.state]).toEqual([[], 0, 'fulfilled'])
  })
})

describe('work that is closed', () => {
  it('is left as it is, and ends', async () => {
    const scene = new Scene()
    scene.start(5)
    await scene.polls(2)
    const finished = track(scene.work.finished())
    scene.work.close()
    await scene.polls(5)
    expect([scene.done, scene.left, finished.state]).toEqual([2, 3, 'fulfilled'])
  })

  it.each([
    ['is not begun any more', (): void => undefined],
    ['nor while apply is held', (scene: Scene): void => scene.hold()],
  ])('%s', async (_, before) => {
    const scene = new Scene()
    before(scene)
    scene.work.close()
    scene.start(1)
    const finished = track(scene.work.finished())
    await scene.polls(2)
    expect([scene.done, finished.state]).toEqual([0, 'fulfilled'])
  })
})
