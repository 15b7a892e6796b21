import { describe, expect, it } from 'vitest'
import type { CellResult } from './cell-plan.js'
import { isCounted, isHopeless, killsOf, lacksOf } from './counting.js'
import { effect, type AppliedFault, type Effect } from './nemesis.js'
import { describeResult, summarize } from './report.js'
import type { FaultKind } from './schedule.js'

const HIT = effect('it is another process', true)
const MISSED = effect('it is another process', false)
const VIOLATION = { checker: 'locks', message: 'two holders at once' }

function fault(kind: FaultKind, effects: readonly Effect[] = [HIT]): AppliedFault {
  const plan = { atMs: 500, kind, target: 'leader', forMs: 0 } as const
  return { plan, member: 'm1', wasLeader: true, fromMs: 500, toMs: 900, inFlight: 8, effects }
}

/** Ten operations under faults that took effect, unless something else is said. */
function cell(
  faults: readonly AppliedFault[],
  { planned = faults.length, ...others }: Partial<CellResult> & { planned?: number } = {},
): CellResult {
  const schedule = Array.from({ length: planned }, () => fault('kill').plan)
  return {
    plan: {
      ...{
        name: 'registers × kill',
        seed: 1,
        members: 3,
        network: 'links',
        workloads: [],
        schedule,
      },
      ...{ heartbeatIntervalMs: 50, electionTimeoutMs: 500 },
    },
    ...{ faults, operations: 10, unknown: 1, revisions: 9, recoveryMs: 100, violations: [] },
    withoutEffect: faults.flatMap((one) => lacksOf(one, 1)),
    file: undefined,
    ...others,
  }
}

const good = cell([fault('kill'), fault('isolate'), fault('kill')])
const bad: readonly [string, CellResult][] = [
  ['a fault had no effect', cell([fault('kill'), fault('kill', [HIT, MISSED])])],
  ['a fault proves nothing', cell([fault('kill'), fault('kill', [])])],
  [
    'no client was at work during a fault',
    cell([fault('kill')], { withoutEffect: lacksOf(fault('kill'), 0) }),
  ],
  ['something was wrong', cell([fault('kill')], { violations: [VIOLATION] })],
  ['there were fewer faults than planned', cell([fault('kill')], { planned: 2 })],
  ['there was no fault', cell([])],
  ['there was no operation', cell([fault('kill')], { operations: 0 })],
]

describe('a fault', () => {
  it('lacks nothing if it proves that it took effect, with clients at work', () => {
    expect(lacksOf(fault('kill'), 1)).toEqual([])
  })

  it('lacks each effect that did not take place, a proof at all, and clients', () => {
    expect(lacksOf(fault('kill', [MISSED, HIT]), 0)).toEqual([
      'kill of m1: it is another process',
      'kill of m1: no client asked for anything',
    ])
    expect(lacksOf(fault('kill', []), 1)).toEqual(['kill of m1: nothing shows that it took place'])
  })
})

describe('a cell', () => {
  it('counts if every fault took effect and nothing was wrong', () => {
    expect(isCounted(good)).toBe(true)
    expect(killsOf([good, good])).toBe(4)
    expect(describeResult(good)).not.toContain('NOT')
  })

  it.each(bad)('counts with none of its kills if %s', (_why, result) => {
    expect(isCounted(result)).toBe(false)
    expect(killsOf([good, result])).toBe(2)
    expect(describeResult(result)).toContain('DOES NOT COUNT')
  })
})

describe('a run', () => {
  it('sums up nothing of cells that do not count, but all violations', () => {
    const told = summarize([good, ...bad.map(([, result]) => result)], 7)
    expect(told).toBe(
      [
        '8 cells, 1 of them counted: every fault in effect, nothing wrong',
        '3 cells with a fault that DID NOT TAKE EFFECT',
        '2 of 7 kills counted',
        '10 operations checked, 1 of unknown outcome',
        '3 of 3 faults in effect: kill 2 (leader 2, 8.0 in flight), isolate 1 (leader 1, 8.0 in flight)',
        '1 violations',
      ].join('\n'),
    )
  })

  it('is hopeless when three cells in a row do not count', () => {
    const [, poor] = bad[0]!
    expect(isHopeless([])).toBe(false)
    expect(isHopeless([poor, poor])).toBe(false)
    expect(isHopeless([poor, poor, good, poor, poor])).toBe(false)
    expect(isHopeless([good, poor, poor, poor])).toBe(true)
  })
})
