/** The planted bugs fit the source of today, and whole members show some of the worst in no time. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildNode, type NodeBug, type NodeBuild } from './node-build.js'
import { hunt } from './node-hunt.js'
import { NODE_PLANTED_BUGS } from './node-planted-bugs.js'

let build: NodeBuild

beforeAll(() => {
  build = buildNode()
})
afterAll(() => {
  build.remove()
})

describe('each planted bug', () => {
  it.each(NODE_PLANTED_BUGS)('can still be planted: $name', (bug) => {
    const takeOut = build.plant(bug)
    takeOut()
  })

  it('has a name of its own', () => {
    const names = new Set(NODE_PLANTED_BUGS.map(({ name }) => name))
    expect(names.size).toBe(NODE_PLANTED_BUGS.length)
  })

  it('cannot be planted where its place has changed', () => {
    const file = 'client/src/session/session.ts'
    const bug: NodeBug = { name: 'x', edits: [{ file, find: 'no such place', replace: '' }] }
    expect(() => build.plant(bug)).toThrow('cannot plant “x”')
  })
})

describe('the simulation of whole members', () => {
  it('finds nothing where nothing is planted', async () => {
    const { seeds, complaint } = await hunt(build, { firstSeed: 1, maxSeeds: 5, maxMs: 100_000 })
    expect({ seeds, complaint }).toEqual({ seeds: 5, complaint: undefined })
  })

  it.each([
    'an acknowledgement leaves before the fsync',
    'a copy of the state leaves out the request ids',
    'the events of one revision are split',
  ])('finds that %s', async (name) => {
    const bug = NODE_PLANTED_BUGS.find((one) => one.name === name)
    const takeOut = build.plant(bug!)
    const { complaint } = await hunt(build, { firstSeed: 1, maxSeeds: 100, maxMs: 100_000 })
    takeOut()
    expect(complaint).toBeDefined()
  })
})
