/** Answers that wait for their clients are bounded together (catalogue 87). */

import { beforeEach, expect, it } from 'vitest'
import { UntakenAnswers } from './untaken-answers.js'

const KB = 1_000
let untaken: UntakenAnswers
let cut: string[]
beforeEach(() => {
  untaken = new UntakenAnswers(100 * KB)
  cut = []
})

const add = (name: string, bytes: number): (() => void) => untaken.add(bytes, () => cut.push(name))

it('too much costs the oldest their connections, as many as it takes', () => {
  for (const name of ['a', 'b', 'c']) add(name, 30 * KB)
  expect(cut).toEqual([])
  add('d', 50 * KB)
  expect(cut).toEqual(['a', 'b'])
})

it('what was taken, or was cut, counts no more, and only once', () => {
  const taken = add('a', 60 * KB)
  taken()
  taken()
  const cutLater = add('b', 60 * KB)
  add('c', 60 * KB)
  expect(cut).toEqual(['b'])
  cutLater()
  add('d', 40 * KB)
  expect(cut).toEqual(['b'])
  add('e', 10 * KB)
  expect(cut).toEqual(['b', 'c'])
})

it('small ones are not counted', () => {
  add('a', 99 * KB)
  for (let count = 0; count < 100; count++) add('small', 1 * KB)
  expect(cut).toEqual([])
})
