import { describe, expect, it } from 'vitest'
import { checkLocks, type ContenderRecord, type GuardedWrite } from './lock-check.js'

type Times = readonly [requested: number, granted?: number | undefined, ended?: number | undefined]

/** A contender whose token is the create revision of its key, as ours and etcd's are. */
function contender(
  createRevision: number,
  [requestedMs, grantedMs, endedMs]: Times,
  more: Partial<ContenderRecord> = {},
): ContenderRecord {
  return {
    kind: 'contender',
    process: `c${createRevision}`,
    name: 'door',
    requestedMs,
    createRevision,
    ...(grantedMs !== undefined && { grantedMs, token: createRevision }),
    ...(endedMs !== undefined && { endedMs }),
    ...more,
  }
}

function without(record: ContenderRecord, field: keyof ContenderRecord): ContenderRecord {
  const rest = Object.entries(record).filter(([name]) => name !== field)
  return Object.fromEntries(rest) as unknown as ContenderRecord
}

function write(token: number, name = 'door'): GuardedWrite {
  return { kind: 'guardedWrite', name, token }
}

function kinds(
  contenders: readonly ContenderRecord[],
  writes?: readonly GuardedWrite[],
): readonly string[] {
  return checkLocks(contenders, writes).map(({ kind }) => kind)
}

const first = contender(2, [0, 1, 5])
const second = contender(3, [0, 5, 9])

describe('holds (catalogue 80)', () => {
  it('follow each other, in whatever order they are recorded', () => {
    expect(kinds([first, second])).toEqual([])
    expect(kinds([second, first])).toEqual([])
    expect(kinds([contender(4, [0, 9, 10]), second, first])).toEqual([])
    expect(kinds([])).toEqual([])
  })

  it('double grant: the next one begins before the last one has ended', () => {
    const early = contender(3, [0, 4, 9])
    expect(checkLocks([first, early])).toEqual([
      {
        kind: 'overlap',
        message: `held until 5 ms by ${JSON.stringify(first)} and ${JSON.stringify(early)}`,
        records: [first, early],
      },
    ])
  })

  it('double grant: one that lies within an earlier, longer one', () => {
    const long = contender(2, [0, 1, 50])
    expect(kinds([long, second, contender(4, [0, 20, 21])])).toEqual(['overlap', 'overlap'])
  })

  it('of different names may be at one time, with any tokens', () => {
    expect(kinds([second, contender(2, [0, 6, 7], { name: 'window' })])).toEqual([])
  })

  it('that never ended claim nothing after their grant', () => {
    expect(kinds([contender(2, [0, 1]), second])).toEqual([])
    expect(kinds([contender(2, [0, 6]), second])).toContain('overlap')
  })
})

describe('tokens (catalogue 81)', () => {
  it('token went back: a later grant has a lower one', () => {
    expect(kinds([contender(3, [0, 1, 5]), contender(2, [0, 5, 9])])).toContain('tokenWentBack')
  })

  it('duplicate grant: two grants have one', () => {
    const again = contender(2, [6, 7, 9])
    expect(kinds([first, again])).toEqual(['tokenWentBack'])
  })

  it('count from the highest, also after one that went back', () => {
    const tokens = [5, 3, 4].map((token, at) =>
      contender(1 + at, [0, 10 * at, 10 * at + 1], { token }),
    )
    expect(kinds(tokens)).toEqual(['tokenWentBack', 'tokenWentBack'])
  })

  it('are compared across grants that came without one', () => {
    const tokens = [5, undefined, 3].map((token, at) => ({
      ...without(contender(1 + at, [0, 10 * at, 10 * at + 1]), 'token'),
      ...(token !== undefined && { token }),
    }))
    expect(kinds(tokens)).toEqual(['tokenWentBack'])
  })

  it('tell the order of what was granted in one millisecond', () => {
    expect(kinds([contender(3, [0, 5, 5]), contender(2, [0, 5, 5])])).toEqual([])
  })

  it('are not needed', () => {
    const tokenless = without(first, 'token')
    expect(kinds([tokenless, second])).toEqual([])
    expect(kinds([second, { ...tokenless, grantedMs: 10, endedMs: 11 }])).toEqual(['overtaking'])
  })
})

describe('fairness (catalogue 80; etcd: concurrency/mutex.go)', () => {
  it('overtaking: who came later is granted first', () => {
    const late = contender(2, [0, 10, 12], { token: 9 })
    expect(checkLocks([late, second])).toMatchObject([
      { kind: 'overtaking', records: [second, late] },
    ])
  })

  it('overtaking: of one who waited all the time and gave up afterwards', () => {
    expect(kinds([second, contender(2, [0, undefined, 6])])).toEqual(['overtaking'])
    expect(kinds([second, contender(2, [0, undefined, 5])])).toEqual([])
    expect(kinds([second, contender(4, [0, undefined, 6])])).toEqual([])
  })

  it('overtaking is by whoever came last, not only by the one before', () => {
    const grants = [contender(9, [0, 1, 2]), contender(3, [0, 3, 4], { token: 10 })]
    const waiter = contender(5, [0, undefined, 8])
    expect(checkLocks([...grants, waiter])).toMatchObject([
      { kind: 'overtaking', records: [grants[0], grants[1]] },
      { kind: 'overtaking', records: [grants[0], waiter] },
    ])
  })

  it('is nothing that who lost his session, died, or never knew his place can claim', () => {
    expect(kinds([second, contender(2, [0, undefined, 6], { lost: true })])).toEqual([])
    expect(kinds([second, contender(2, [0])])).toEqual([])
    expect(kinds([second, without(contender(2, [0, undefined, 6]), 'createRevision')])).toEqual([])
  })

  it('is no crime of one whose own place is not known', () => {
    const waiter = contender(2, [0, undefined, 6])
    expect(kinds([without(second, 'createRevision'), waiter])).toEqual([])
    const known = contender(1, [0, 1, 2])
    expect(kinds([known, without(second, 'createRevision'), waiter])).toEqual([])
    const placeless = without(contender(1, [0, 1, 2]), 'createRevision')
    expect(kinds([placeless, second, waiter])).toEqual(['overtaking'])
  })

  it('is claimed by who was granted in the end, even if he then lost his session', () => {
    expect(kinds([second, contender(2, [0, 10, 12], { token: 9, lost: true })])).toEqual([
      'overtaking',
    ])
  })
})

describe('guarded writes (catalogue 81)', () => {
  it('are by the holders, one after the other, some by none', () => {
    const last = contender(4, [0, 10, 11])
    expect(kinds([first, second, last], [write(2), write(2), write(4), write(4)])).toEqual([])
  })

  it('stale write: by a former holder after the next one had written', () => {
    expect(checkLocks([first, second], [write(2), write(3), write(2)])).toMatchObject([
      { kind: 'staleWrite', records: [write(2), first] },
    ])
    expect(kinds([first, second], [write(3), write(2), write(2)])).toEqual([
      'staleWrite',
      'staleWrite',
    ])
  })

  it('foreign write: under a token that nobody was granted, or of another lock', () => {
    expect(kinds([first], [write(7)])).toEqual(['foreignWrite'])
    expect(kinds([first], [write(2, 'window')])).toEqual(['foreignWrite'])
    expect(kinds([contender(2, [0, undefined, 5])], [write(2)])).toEqual(['foreignWrite'])
  })
})
