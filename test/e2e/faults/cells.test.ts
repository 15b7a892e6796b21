import { describe, expect, it } from 'vitest'
import { killCellOf } from './cells.js'
import { parseOptions } from './options.js'
import type { PlannedFault } from './schedule.js'

function killsOf(seed: number, number = 0, kills = 1_000): readonly PlannedFault[] {
  return killCellOf(parseOptions(['--seed', String(seed)])!, number, kills).schedule
}

describe('a cell of kills', () => {
  const drawn = Array.from({ length: 50 }, (_, index) => killsOf(index + 1)).flat()

  it('is the same from the same seed, and another from another', () => {
    expect(killsOf(7)).toEqual(killsOf(7))
    expect(killsOf(7)).toEqual(killsOf(6, 1))
    expect(killsOf(7)).not.toEqual(killsOf(8))
  })

  it('has no more kills than are missing', () => {
    expect(killsOf(7, 0, 3)).toEqual(killsOf(7).slice(0, 3))
  })

  it('has members come back at once half the time, and otherwise stay away for a while', () => {
    const away = drawn.map(({ forMs }) => forMs).filter((forMs) => forMs > 0)
    expect(away.length / drawn.length).toBeCloseTo(0.5, 1)
    expect(Math.min(...away)).toBeGreaterThanOrEqual(200)
    expect(Math.min(...away)).toBeLessThan(300)
    expect(Math.max(...away)).toBeLessThanOrEqual(3_000)
    expect(Math.max(...away)).toBeGreaterThan(2_900)
  })

  it('kills leaders and followers, whether they come back at once or not', () => {
    for (const isAway of [false, true]) {
      const some = drawn.filter(({ forMs }) => forMs > 0 === isAway)
      const leaders = some.filter(({ target }) => target === 'leader')
      expect(leaders.length / some.length).toBeCloseTo(0.5, 1)
    }
  })

  it('leaves time for clients between the end of a kill and the next', () => {
    const schedule = killsOf(7)
    for (const [index, { atMs }] of schedule.entries()) {
      const before = schedule[index - 1]
      expect(atMs - (before === undefined ? 0 : before.atMs + before.forMs)).toBe(500)
    }
  })
})
