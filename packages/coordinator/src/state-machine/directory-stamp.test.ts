/** Which directories are taken for the one that a member had, and which not (catalogue 34). */

import { describe, expect, it } from 'vitest'
import type { Command } from './command.js'
import {
  newerStamp,
  stampOfStart,
  whatIsForgotten,
  type DirectoryStamp,
} from './directory-stamp.js'
import { TestMachine } from './state-machine.test-support.js'

const stamp = (directoryId: string, generation: number, generationId: string): DirectoryStamp => {
  return { directoryId, generation, generationId }
}
const KNOWN = stamp('d', 3, 'x')
const OTHER = /another data directory/
const OLD = /started again since this copy/

let drawn = 0
const drawId = (): string => `drawn ${(drawn += 1)}`

describe('a member that is known by its directory', () => {
  it.each<[string, DirectoryStamp | undefined, RegExp]>([
    ['another one', stamp('e', 3, 'x'), OTHER],
    ['another one that was started more often', stamp('e', 9, 'x'), OTHER],
    ['none that is told of', undefined, OTHER],
    ['a copy of an earlier generation', stamp('d', 2, 'w'), OLD],
    ['a copy in which the generation began anew', stamp('d', 3, 'y'), OLD],
  ])('and runs on %s has lost something', (_what, shown, what) => {
    expect(whatIsForgotten(KNOWN, shown)).toMatch(what)
    expect(newerStamp(KNOWN, shown)).toBe(KNOWN)
  })

  it.each<[string, DirectoryStamp | undefined, DirectoryStamp]>([
    ['just that', KNOWN, KNOWN],
    ['a later generation of it', KNOWN, stamp('d', 4, 'z')],
    ['any, if none was told of', undefined, KNOWN],
  ])('and runs on %s has lost nothing', (_what, known, shown) => {
    expect(whatIsForgotten(known, shown)).toBeUndefined()
    expect(newerStamp(known, shown)).toEqual(shown)
  })
})

describe('a start', () => {
  it('begins a directory, and with what is published a generation', () => {
    const first = stampOfStart(undefined, undefined, drawId)
    expect(first.generation).toBe(1)
    const second = stampOfStart(first, first, drawId)
    expect(second).toMatchObject({ directoryId: first.directoryId, generation: 2 })
    expect(second.generationId).not.toBe(first.generationId)
  })

  it.each([
    ['nothing', undefined],
    ['an earlier generation', stamp('d', 2, 'w')],
  ])('changes nothing while %s is published', (_what, published) => {
    expect(stampOfStart(KNOWN, published, drawId)).toEqual(KNOWN)
  })

  it('of an old copy never catches up with what is published, however often it is made', () => {
    const first = stampOfStart(undefined, undefined, drawId)
    const published = stampOfStart(first, first, drawId)
    // Its own state is as old as the copy.
    let copy = first
    for (let starts = 0; starts < 5; starts += 1) {
      copy = stampOfStart(copy, first, drawId)
      expect(whatIsForgotten(published, copy)).toMatch(OLD)
    }
  })
})

describe('what a member publishes of its directory', () => {
  const publish = (directory: DirectoryStamp | undefined, name = 'm'): Command => {
    return { type: 'publishMember', member: { id: '5', name, clientUrls: [], directory } }
  }

  it('is never taken back, neither by what is late nor by another directory', () => {
    const store = new TestMachine()
    store.apply(publish(undefined))
    store.apply(publish(stamp('d', 1, 'v')))
    store.apply(publish(KNOWN))
    const told = [stamp('d', 1, 'v'), stamp('d', 3, 'y'), stamp('e', 9, 'x'), undefined]
    for (const directory of told) {
      store.apply(publish(directory, 'renamed'))
      expect(store.machine.members()).toEqual([
        { id: '5', name: 'renamed', clientUrls: [], directory: KNOWN },
      ])
    }
  })
})
