import { describe, expect, it } from 'vitest'
import { lineup } from './lineup.js'
import { BenchOptionsError, parseOptions } from './options.js'

describe('parseOptions', () => {
  it('measures everything in three rounds by default', () => {
    expect(parseOptions([])).toMatchObject({
      rows: lineup,
      workloads: ['put', 'get', 'lock'],
      concurrency: [1, 64, 256],
      rounds: 3,
      seconds: 3,
      evidence: true,
      json: undefined,
    })
  })

  it('takes a contestant for all its rows, and none twice', () => {
    const ids = parseOptions(['--only', 'etcd-go,redis,etcd'])!.rows.map(({ id }) => id)
    expect(ids.toSorted()).toEqual(
      [...lineup.map(({ id }) => id).filter((id) => /^(etcd|redis)-/.test(id))].toSorted(),
    )
  })

  it('ignores the dashes that a package manager passes on', () => {
    expect(parseOptions(['--', '--rounds', '5'])!.rounds).toBe(5)
  })

  it('gives nothing when only help was asked for', () => {
    expect(parseOptions(['--help'])).toBeUndefined()
  })

  it.each([
    ['--only', 'zookeeper'],
    ['--workloads', 'delete'],
    ['--concurrency', '1,0'],
    ['--rounds', '1.5'],
    ['--seconds', '-1'],
    ['--unknown', 'x'],
  ])('refuses %s %s', (...args) => {
    expect(() => parseOptions(args)).toThrow(BenchOptionsError)
  })
})
