/** Quorum arithmetic against a dumb twin, which tries out all sets (Raft §5.2). */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ballot } from './ballot.js'
import { isQuorum, quorumPosition, quorumSize } from './quorum.js'

const positions = fc.array(fc.nat(20), { minLength: 1, maxLength: 9 })

/** All subsets of `items`. */
function subsets<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]])
}

/** A set is a majority if its complement is smaller. */
function isMajority(size: number, total: number): boolean {
  return size > total - size
}

describe('a quorum', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ])('of %i voters has %i', (voters, size) => {
    expect(quorumSize(voters)).toBe(size)
  })

  test('needs a voter', () => {
    expect(() => quorumSize(0)).toThrow('at least one voter')
  })

  test('always shares a member with every other quorum, and half of the voters is none', () => {
    for (let total = 1; total <= 9; total += 1) {
      expect(2 * quorumSize(total)).toBeGreaterThan(total)
      expect(2 * (quorumSize(total) - 1)).toBeLessThanOrEqual(total)
    }
  })

  test('has reached the highest position that some majority has reached', () => {
    fc.assert(
      fc.property(positions, (reached) => {
        const voters = reached.map((_, at) => `${at}`)
        const expected = Math.max(
          ...subsets(reached)
            .filter((set) => isMajority(set.length, reached.length))
            .map((set) => Math.min(...set)),
        )
        expect(quorumPosition(voters, (id) => reached[Number(id)]!)).toBe(expected)
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  test('holds exactly when a majority does', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), (holding) => {
        const voters = holding.map((_, at) => `${at}`)
        const count = holding.filter(Boolean).length
        expect(isQuorum(voters, (id) => holding[Number(id)]!)).toBe(
          isMajority(count, holding.length),
        )
      }),
      { numRuns: 500, seed: 1 },
    )
  })
})

describe('a ballot', () => {
  test('is won or lost exactly when no further answer could change it', () => {
    const answers = fc.array(fc.constantFrom(true, false, undefined), {
      minLength: 1,
      maxLength: 7,
    })
    fc.assert(
      fc.property(answers, (given) => {
        const voters = given.map((_, at) => `${at}`)
        const ballot = new Ballot()
        for (const [at, answer] of given.entries()) {
          if (answer !== undefined) ballot.record(`${at}`, answer)
        }
        const granted = given.filter((answer) => answer === true).length
        const open = given.filter((answer) => answer === undefined).length
        const canWin = isMajority(granted + open, given.length)
        const hasWon = isMajority(granted, given.length)
        expect(ballot.outcome(voters)).toBe(hasWon ? 'won' : canWin ? 'pending' : 'lost')
      }),
      { numRuns: 1_000, seed: 1 },
    )
  })
})
