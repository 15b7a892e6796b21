import { describe, expect, it } from 'vitest'
import { isLinearizableByBruteForce } from './brute-force.test-support.js'
import { checkLinearizability } from './linearizability.js'
import type { Model } from './model.js'
import type { OperationRecord } from './operation-record.js'

/** A number is written and read; a toss leaves 1 or 2, and only its answer says which. */
type Input = 'read' | 'toss' | { readonly write: number }
type Op = OperationRecord<Input, number>

const register: Model<number, Input, number> = {
  init: 0,
  step(state, input, output) {
    if (input === 'read') return output === undefined || output === state ? [state] : []
    if (input === 'toss') return output === undefined ? [1, 2] : [output]
    return [input.write]
  },
  keyOf: String,
  isRead: (input) => input === 'read',
}

const noReads: Model<number, Input, number> = { ...register, isRead: () => false }

function op(startMs: number, endMs: number, input: Input, output: number | 'unknown'): Op {
  const outcome =
    output === 'unknown' ? ({ type: output } as const) : ({ type: 'ok', output } as const)
  return { process: `p${startMs}`, kind: 'register', startMs, endMs, input, outcome }
}

const write = (startMs: number, endMs: number, value: number): Op =>
  op(startMs, endMs, { write: value }, 0)
const lostWrite = (startMs: number, endMs: number, value: number): Op =>
  op(startMs, endMs, { write: value }, 'unknown')
const read = (startMs: number, endMs: number, value: number): Op =>
  op(startMs, endMs, 'read', value)

function verdict(...history: readonly Op[]): string {
  const [violation] = checkLinearizability(history, register)
  return violation?.kind ?? 'linearizable'
}

/** All ways in which the calls and answers of so many operations can follow each other. */
function intervals(count: number): readonly (readonly (readonly [number, number])[])[] {
  const all: (readonly [number, number])[][] = []
  const extend = (
    open: readonly number[],
    done: readonly (readonly [number, number])[],
    at = 0,
  ) => {
    if (done.length === count) all.push([...done].sort(([a], [b]) => a - b))
    if (open.length + done.length < count) extend([...open, at], done, at + 1)
    for (const start of open) {
      extend(
        open.filter((other) => other !== start),
        [...done, [start, at]],
        at + 1,
      )
    }
  }
  extend([], [])
  return all
}

function* tuples<Item>(items: readonly Item[], length: number): Generator<readonly Item[]> {
  if (length === 0) yield []
  else for (const rest of tuples(items, length - 1)) for (const item of items) yield [...rest, item]
}

function compareOnAll(count: number, kinds: readonly (readonly [Input, number | 'unknown'])[]) {
  const verdicts = { good: 0, bad: 0 }
  for (const times of intervals(count)) {
    for (const chosen of tuples(kinds, count)) {
      const history = chosen.map(([input, output], index) => {
        const [start, end] = times[index]!
        return op(start, end, input, output)
      })
      const expected = isLinearizableByBruteForce(history, register)
      const found = checkLinearizability(history, register).length === 0
      if (found !== expected) expect({ history, found }).toEqual({ history, found: expected })
      verdicts[expected ? 'good' : 'bad'] += 1
    }
  }
  return verdicts
}

describe('a history that one order explains (Herlihy and Wing 1990)', () => {
  it('is empty, or a write and a read of it', () => {
    expect(verdict()).toBe('linearizable')
    expect(verdict(write(0, 1, 7), read(2, 3, 7))).toBe('linearizable')
  })

  it('has the old or the new value while the write goes on', () => {
    expect(verdict(write(0, 9, 7), read(1, 2, 0), read(3, 4, 7))).toBe('linearizable')
  })

  it('may have any order where operations meet, even at one moment only', () => {
    expect(verdict(write(0, 5, 1), write(5, 9, 2), read(10, 11, 1))).toBe('linearizable')
    expect(verdict(write(0, 4, 1), write(5, 9, 2), read(10, 11, 1))).toBe('notLinearizable')
  })

  it('needs no place for what failed', () => {
    const failed: Op = { ...write(0, 1, 9), outcome: { type: 'failed' } }
    expect(verdict(failed, read(2, 3, 0))).toBe('linearizable')
    expect(verdict(failed, read(2, 3, 9))).toBe('notLinearizable')
  })
})

describe('a write with an unknown outcome', () => {
  it('may have happened at any time after its call, or never', () => {
    expect(verdict(lostWrite(0, 1, 7), read(2, 3, 0), read(90, 91, 7))).toBe('linearizable')
    expect(verdict(lostWrite(0, 1, 7), read(2, 3, 0))).toBe('linearizable')
  })

  it('is found whatever the order in which they are recorded, and tried', () => {
    const [five, seven] = [lostWrite(0, 1, 5), lostWrite(0, 1, 7)]
    expect(verdict(lostWrite(50, 51, 9), seven, read(2, 3, 7))).toBe('linearizable')
    expect(verdict(five, seven, read(2, 3, 7), read(4, 5, 5))).toBe('linearizable')
    expect(verdict(seven, five, read(2, 3, 7), read(4, 5, 5))).toBe('linearizable')
  })

  it('does not happen before its call, nor twice', () => {
    expect(verdict(read(0, 1, 7), lostWrite(2, 3, 7))).toBe('notLinearizable')
    expect(verdict(lostWrite(0, 1, 7), read(2, 3, 7), write(4, 5, 8), read(6, 7, 7))).toBe(
      'notLinearizable',
    )
  })

  it('may be called at the very moment of an answer that shows it', () => {
    expect(verdict(read(0, 2, 7), lostWrite(2, 3, 7))).toBe('linearizable')
  })

  it('may leave more than one state, of which a later answer leaves one', () => {
    const toss = op(0, 1, 'toss', 'unknown')
    expect(verdict(toss, read(2, 3, 2))).toBe('linearizable')
    expect(verdict(toss, read(2, 3, 3))).toBe('notLinearizable')
    expect(verdict(toss, read(2, 3, 2), read(4, 5, 1))).toBe('notLinearizable')
  })
})

describe('a write that is known to have been applied, and by when', () => {
  const applied = (startMs: number, endMs: number, value: number): Op => {
    return { ...lostWrite(startMs, endMs, value), outcome: { type: 'applied' } }
  }

  it('happened by then', () => {
    expect(verdict(applied(0, 5, 7), read(1, 2, 0), read(3, 4, 7))).toBe('linearizable')
    expect(verdict(applied(0, 5, 7), read(6, 7, 0))).toBe('notLinearizable')
    expect(verdict(read(0, 1, 7), applied(2, 5, 7))).toBe('notLinearizable')
  })
})

describe('known anomalies', () => {
  it('stale read: the old value after the write was acknowledged', () => {
    expect(verdict(write(0, 1, 7), read(2, 3, 0))).toBe('notLinearizable')
  })

  it('going back: the new value, and then the old one', () => {
    expect(verdict(write(0, 9, 7), read(1, 2, 7), read(3, 4, 0))).toBe('notLinearizable')
  })

  it('dirty read: a value that nobody wrote', () => {
    expect(verdict(write(0, 1, 7), read(2, 3, 8))).toBe('notLinearizable')
  })

  it('time travel: a value before it was written', () => {
    expect(verdict(read(0, 1, 7), write(2, 3, 7))).toBe('notLinearizable')
  })
})

describe('the verdict', () => {
  it('names what could be placed, and the operations of which none could follow', () => {
    const good = [write(0, 1, 1), read(2, 3, 1)]
    const bad = [read(4, 8, 2), read(5, 9, 3)]
    const late = [lostWrite(7, 8, 5), lostWrite(20, 21, 4), read(22, 23, 1)]
    const [violation] = checkLinearizability([...late, ...bad, ...good], register)
    expect(violation?.longest).toEqual(good)
    expect(violation?.records).toEqual([...bad, lostWrite(7, 8, 5)])
    expect(violation?.message).toMatch(
      /^no order explains the 7 operations: after 2 none can follow/,
    )
    expect(violation?.message).toContain('"read" → 2 [4–8 ms]')
  })

  it('judges each partition alone', () => {
    const byEvenness: typeof register = {
      ...register,
      partition: (records) => [
        records.filter(({ startMs }) => startMs % 2 === 0),
        records.filter(({ startMs }) => startMs % 2 === 1),
      ],
    }
    const history = [write(0, 1, 1), write(3, 4, 2), read(6, 7, 1), read(9, 10, 2)]
    expect(verdict(...history)).toBe('notLinearizable')
    expect(checkLinearizability(history, byEvenness)).toEqual([])
    const [violation] = checkLinearizability([...history, read(20, 21, 2)], byEvenness)
    expect(violation?.records).toEqual([read(20, 21, 2)])
  })

  it('is a failure of its own when the time is over, with what had been placed', () => {
    // Any of 2^30 sets of writes may be there when the last read comes, which nothing explains.
    const writes = Array.from({ length: 30 }, (_, index) => lostWrite(index, index, index + 1))
    const seen: Model<string, Input, number> = {
      init: '',
      step(state, input, output) {
        if (typeof input === 'object') return [`${state},${input.write}`]
        return output === 0 ? [state] : []
      },
      keyOf: (state) => state,
    }
    const history = [...writes, read(100, 101, 0), read(102, 103, 99)]
    const [violation] = checkLinearizability(history, seen, { timeLimitMs: 30 })
    expect(violation?.kind).toBe('timedOut')
    expect(violation?.longest).toEqual([read(100, 101, 0)])
    expect(violation?.records).toContainEqual(read(102, 103, 99))
    expect(violation?.message).toContain('no verdict within 30 ms on 32 operations')
  })
})

describe('against all orders, tried one by one', () => {
  const writes = [
    [{ write: 1 }, 0],
    [{ write: 2 }, 0],
  ] as const
  const reads = [
    ['read', 0],
    ['read', 1],
    ['read', 2],
  ] as const
  const unknown = [
    [{ write: 1 }, 'unknown'],
    [{ write: 2 }, 'unknown'],
    ['toss', 'unknown'],
  ] as const

  it('every history of up to three operations has the same verdict', () => {
    const kinds = [...writes, ...reads, ...unknown]
    expect(compareOnAll(1, kinds)).toEqual({ good: 6, bad: 2 })
    compareOnAll(2, kinds)
    const { good, bad } = compareOnAll(3, kinds)
    expect(Math.min(good, bad)).toBeGreaterThan(1000)
  })

  it('every history of four operations on a smaller choice has the same verdict', () => {
    const { good, bad } = compareOnAll(4, [writes[0], reads[0], reads[1], unknown[0]])
    expect(Math.min(good, bad)).toBeGreaterThan(5000)
  })

  it('it makes no difference whether the model tells what only reads', () => {
    for (const times of intervals(3)) {
      for (const chosen of tuples([...writes, ...reads, ['read', 'unknown'] as const], 3)) {
        const history = chosen.map(([input, output], at) => op(...times[at]!, input, output))
        expect(checkLinearizability(history, noReads).length).toBe(
          checkLinearizability(history, register).length,
        )
      }
    }
  })
})

describe('the search', () => {
  it('tries no set of operations in one state twice: not 14! orders, but 2^14 sets', () => {
    const writes = Array.from({ length: 14 }, (_, index) => write(0, 9, index % 2))
    const [violation] = checkLinearizability([...writes, read(10, 11, 5)], register)
    expect(violation?.kind).toBe('notLinearizable')
    expect(violation?.longest.length).toBe(14)
  })

  it('places no unknown operation that would change nothing', () => {
    const nothing = Array.from({ length: 40 }, () => lostWrite(0, 1, 0))
    expect(verdict(...nothing, read(2, 3, 5))).toBe('notLinearizable')
  })
})

describe('long histories', () => {
  it('of 10,000 operations are judged without recursion, good or bad', () => {
    const good = Array.from({ length: 10_000 }, (_, n) =>
      n % 2 === 0 ? write(n, n + 1.5, n) : read(n, n + 0.4, n - 1),
    )
    expect(checkLinearizability(good, register)).toEqual([])
    const bad = [...good, read(20_000, 20_001, 5)]
    const [violation] = checkLinearizability(bad, register)
    expect(violation?.longest.length).toBe(10_000)
    expect(violation?.records).toEqual([read(20_000, 20_001, 5)])
  })
})
