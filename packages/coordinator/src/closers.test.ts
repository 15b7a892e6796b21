/** What was opened is closed once, in the reverse order, also what was opened too late. */

import { describe, expect, it } from 'vitest'
import { Closers } from './closers.js'

class Scene {
  readonly journal: string[] = []
  readonly closers = new Closers()

  add(name: string): void {
    this.closers.add(() => void this.journal.push(name))
  }
}

describe('what was opened', () => {
  it('is closed once, in the reverse order', async () => {
    const scene = new Scene()
    for (const name of ['a', 'b', 'c']) scene.add(name)
    await Promise.all([scene.closers.close(), scene.closers.close()])
    expect(scene.journal).toEqual(['c', 'b', 'a'])
  })

  it('is closed when it was opened while the rest was being closed, or after', async () => {
    const scene = new Scene()
    scene.add('a')
    const closed = scene.closers.close()
    scene.add('during')
    await closed
    scene.add('after')
    await scene.closers.close()
    expect(scene.journal.sort()).toEqual(['a', 'after', 'during'])
  })

  it('too late is closed when what was before could not be, and the failure stays', async () => {
    const scene = new Scene()
    scene.closers.add(() => Promise.reject(new Error('broken')))
    await expect(scene.closers.close()).rejects.toThrow('broken')
    scene.add('after')
    await expect(scene.closers.close()).rejects.toThrow('broken')
    expect(scene.journal).toEqual(['after'])
  })
})
