import { describe, expect, it } from 'vitest'
import { isComplaint } from './member-target.js'
import { judgeMemory } from './memory.js'

const MIB = 1024 * 1024
const samples = (mib: (at: number) => number): readonly number[] =>
  Array.from({ length: 100 }, (_, at) => mib(at) * MIB)

describe('memory', () => {
  it('is flat when it only grows while the process gets warm', () => {
    const { isFlat, isJudged } = judgeMemory(
      samples((at) => (at < 10 ? 100 + 10 * at : 200)),
      50,
    )
    expect([isFlat, isJudged]).toEqual([true, true])
  })

  it('has grown when it is above by a fifth and by more than 30 MiB', () => {
    expect(
      judgeMemory(
        samples((at) => 200 + at),
        50,
      ).isFlat,
    ).toBe(false)
    // A fifth of little, and 30 MiB of much, are nothing.
    expect(
      judgeMemory(
        samples((at) => 40 + at / 4),
        50,
      ).isFlat,
    ).toBe(true)
    expect(
      judgeMemory(
        samples((at) => 1_000 + at),
        50,
      ).isFlat,
    ).toBe(true)
  })

  it('is not judged by a few samples', () => {
    const { isFlat, isJudged } = judgeMemory(
      samples((at) => 200 + at),
      101,
    )
    expect([isFlat, isJudged]).toEqual([true, false])
  })
})

it('takes for a complaint whatever is no line of the log below an error', () => {
  expect(isComplaint('{"level":40,"msg":"slow"}')).toBe(false)
  expect(isComplaint('holdfast: m1 serves clients at http://127.0.0.1:1')).toBe(false)
  expect(isComplaint('{"level":50,"msg":"defect"}')).toBe(true)
  expect(
    isComplaint('(node:1) MaxListenersExceededWarning: Possible EventTarget memory leak'),
  ).toBe(true)
})
