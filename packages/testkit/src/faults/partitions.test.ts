import { describe, expect, it } from 'vitest'
import type { Pair } from './faulty-network.js'
import { bridge, deafen, isolate, minorityWith, mute, ring } from './partitions.js'

const five = ['a', 'b', 'c', 'd', 'e']

/** Whom each can still reach. */
function reach(cut: readonly Pair[]): Readonly<Record<string, string>> {
  const reaches = (from: string, to: string): boolean =>
    from !== to && !cut.some((pair) => pair.from === from && pair.to === to)
  return Object.fromEntries(
    five.map((from) => [from, five.filter((to) => reaches(from, to)).join('')]),
  )
}

describe('who reaches whom', () => {
  it.each([
    ['alone', isolate(five, 'b'), { a: 'cde', b: '', c: 'ade', d: 'ace', e: 'acd' }],
    ['mute', mute(five, 'b'), { a: 'bcde', b: '', c: 'abde', d: 'abce', e: 'abcd' }],
    ['deaf', deafen(five, 'b'), { a: 'cde', b: 'acde', c: 'ade', d: 'ace', e: 'acd' }],
    ['a bridge', bridge(five, 'c'), { a: 'bc', b: 'ac', c: 'abde', d: 'ce', e: 'cd' }],
    ['a minority', minorityWith(five, 'd'), { a: 'd', b: 'ce', c: 'be', d: 'a', e: 'bc' }],
    ['a ring', ring(five), { a: 'be', b: 'ac', c: 'bd', d: 'ce', e: 'ad' }],
  ])('%s', (_name, cut, expected) => {
    expect(reach(cut)).toEqual(expected)
  })

  it('of three, a minority is one', () => {
    expect(minorityWith(['a', 'b', 'c'], 'c')).toEqual(isolate(['a', 'b', 'c'], 'c'))
  })
})
