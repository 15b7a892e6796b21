/** In which order the files of the state are put in order, and when that is said to be done. */

import { describe, expect, it } from 'vitest'
import { StateUpkeep } from './state-upkeep.js'
import { track, turn } from './tracked.test-support.js'

class Scene {
  /** Slices that are left of each. */
  obsolete = 0
  free = 0
  readonly said: string[] = []
  #polls: (() => void)[] = []
  readonly upkeep = new StateUpkeep(
    {
      removeCompacted: (maxRows) => {
        this.said.push(`remove ${maxRows}`)
        this.obsolete -= 1
        // What is removed leaves pages free.
        this.free += 1
        return this.obsolete > 0
      },
      returnFreePages: (maxPages) => {
        this.said.push(`return ${maxPages}`)
        this.free -= 1
        return this.free > 0
      },
    },
    {
      gate: () => undefined,
      clock: {
        afterPoll: (action) => {
          this.#polls.push(action)
          return () => undefined
        },
      },
      onFatal: (error) => void this.said.push(String(error)),
    },
  )

  async polls(count: number): Promise<readonly string[]> {
    for (let poll = 0; poll < count; poll += 1) {
      await turn()
      for (const action of this.#polls.splice(0)) action()
      await turn()
    }
    return this.said.splice(0)
  }
}

const REMOVE = 'remove 1000'
const RETURN = 'return 64'

describe('what a compaction made obsolete', () => {
  it('is removed some rows at a time, and said to be when nothing is left of it', async () => {
    const scene = new Scene()
    scene.obsolete = 3
    scene.upkeep.startRemoving()
    const removed = track(scene.upkeep.removed())
    expect(await scene.polls(2)).toEqual([REMOVE, REMOVE])
    expect(removed.state).toBe('pending')
    expect(await scene.polls(5)).toEqual([REMOVE])
    expect(removed.state).toBe('fulfilled')
  })

  it('leaves its pages to the file until somebody defragments it', async () => {
    const scene = new Scene()
    scene.obsolete = 1
    scene.upkeep.startRemoving()
    await scene.polls(5)
    expect(scene.free).toBe(1)
  })

  it('is said to be removed where there is nothing to remove', async () => {
    await new Scene().upkeep.removed()
  })
})

describe('a state that is defragmented', () => {
  it('gives back what is free when all that is obsolete was removed', async () => {
    const scene = new Scene()
    scene.obsolete = 2
    scene.upkeep.startRemoving()
    const defragmented = track(scene.upkeep.defragment())
    expect(await scene.polls(3)).toEqual([REMOVE, REMOVE, RETURN])
    expect(defragmented.state).toBe('pending')
    expect(await scene.polls(5)).toEqual([RETURN])
    expect(defragmented.state).toBe('fulfilled')
  })

  it('is looked at once where there is nothing to give back', async () => {
    const scene = new Scene()
    const defragmented = track(scene.upkeep.defragment())
    expect(await scene.polls(5)).toEqual([RETURN])
    expect(defragmented.state).toBe('fulfilled')
  })

  it('is looked at once more for who asks meanwhile', async () => {
    const scene = new Scene()
    scene.free = 2
    const first = track(scene.upkeep.defragment())
    await scene.polls(1)
    const second = track(scene.upkeep.defragment())
    await turn()
    expect([first.state, second.state]).toEqual(['pending', 'pending'])
    expect(await scene.polls(5)).toEqual([RETURN, RETURN])
    expect([first.state, second.state]).toEqual(['fulfilled', 'fulfilled'])
  })

  it('may be compacted meanwhile', async () => {
    const scene = new Scene()
    scene.free = 3
    const defragmented = track(scene.upkeep.defragment())
    await scene.polls(1)
    scene.obsolete = 2
    scene.upkeep.startRemoving()
    const said = await scene.polls(10)
    expect(said.filter((one) => one === REMOVE)).toHaveLength(2)
    expect([scene.obsolete, scene.free, defragmented.state]).toEqual([0, 0, 'fulfilled'])
  })
})

describe('at the end', () => {
  it('both are left as they are, and nobody waits for them any more', async () => {
    const scene = new Scene()
    scene.obsolete = 5
    scene.upkeep.startRemoving()
    const removed = track(scene.upkeep.removed())
    const defragmented = track(scene.upkeep.defragment())
    expect(await scene.polls(2)).toEqual([REMOVE, REMOVE])
    scene.upkeep.close()
    expect(await scene.polls(5)).toEqual([])
    expect([removed.state, defragmented.state]).toEqual(['fulfilled', 'fulfilled'])
  })

  it('pages that are being given back are left too', async () => {
    const scene = new Scene()
    scene.free = 5
    const defragmented = track(scene.upkeep.defragment())
    expect(await scene.polls(2)).toEqual([RETURN, RETURN])
    scene.upkeep.close()
    expect(await scene.polls(5)).toEqual([])
    expect(defragmented.state).toBe('fulfilled')
  })
})
