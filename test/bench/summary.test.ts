import { describe, expect, it } from 'vitest'
import type { CellResult, MeasuredCell } from './result.js'
import { summarize } from './summary.js'

const measured: MeasuredCell = {
  ops: 100,
  elapsedSeconds: 1,
  p50Ms: 1,
  p99Ms: 2,
  errors: 0,
  errorMessages: [],
  opsPerSecond: 100,
  clientCpuMicrosPerOp: 10,
  serverCpuMicrosPerOp: 20,
  clientCpusBusy: 0.5,
  machineBusy: 0.9,
  othersBusy: 0,
}

function cell(row: string, round: number, outcome: CellResult['outcome']): CellResult {
  return { row, workload: 'put', inFlight: 64, round, outcome }
}

const at = (opsPerSecond: number, rest: Partial<MeasuredCell> = {}): MeasuredCell => ({
  ...measured,
  opsPerSecond,
  ...rest,
})

describe('summarize', () => {
  it('takes the median of each figure over the rounds', () => {
    const [summary] = summarize(
      [
        cell('ours', 1, at(100, { p50Ms: 3 })),
        cell('ours', 2, at(300, { p50Ms: 1 })),
        cell('ours', 3, at(200, { p50Ms: 2 })),
      ],
      'base',
    )
    expect(summary).toMatchObject({ rounds: 3, opsPerSecond: 200, p50Ms: 2, ratio: undefined })
  })

  it('divides inside each round, where a slow minute hit both', () => {
    const summaries = summarize(
      [
        cell('ours', 1, at(200)),
        cell('base', 1, at(100)),
        cell('ours', 2, at(30)),
        cell('base', 2, at(10)),
        cell('ours', 3, at(100)),
        cell('base', 3, at(100)),
      ],
      'base',
    )
    expect(
      summaries.map(({ row, ratio }) => [row, ratio?.median, ratio?.low, ratio?.high]),
    ).toEqual([
      ['ours', 2, 1, 3],
      ['base', 1, 1, 1],
    ])
  })

  it('counts a failed round as an error, and takes no ratio of it', () => {
    const [ours] = summarize(
      [
        cell('ours', 1, { failure: 'did not start' }),
        cell('base', 1, at(100)),
        cell('ours', 2, at(50, { errors: 2, errorMessages: ['refused'] })),
        cell('base', 2, at(100)),
      ],
      'base',
    )
    expect(ours).toMatchObject({
      rounds: 1,
      opsPerSecond: 50,
      errors: 3,
      messages: ['did not start', 'refused'],
      ratio: { median: 0.5, low: 0.5, high: 0.5 },
    })
  })

  it('has no figure when every round failed', () => {
    const [ours] = summarize([cell('ours', 1, { failure: 'gone' })], 'base')
    expect(ours).toMatchObject({ rounds: 0, opsPerSecond: undefined, errors: 1 })
  })

  it('keeps cells of other work and other concurrency apart', () => {
    const one = cell('ours', 1, measured)
    expect(
      summarize([one, { ...one, inFlight: 1 }, { ...one, workload: 'get' }], 'base'),
    ).toHaveLength(3)
  })
})
