import { describe, expect, it } from 'vitest'
import { lineup } from './lineup.js'
import { parseOptions } from './options.js'
import { formatRatio, formatReport, notesOn } from './report.js'
import type { CellSummary } from './summary.js'

const cell: CellSummary = {
  row: 'etcd-go',
  workload: 'put',
  inFlight: 64,
  rounds: 3,
  opsPerSecond: 8_000,
  p50Ms: 7,
  p99Ms: 20,
  clientCpuMicrosPerOp: 40,
  serverCpuMicrosPerOp: 110,
  clientCpusBusy: 0.4,
  machineBusy: 0.5,
  othersBusy: 0.01,
  ratio: { median: 1, low: 1, high: 1 },
  errors: 0,
  messages: [],
}

describe('notesOn', () => {
  it('has nothing to say about a clean cell', () => {
    expect(notesOn(cell, 1, 3)).toEqual([])
  })

  it.each([
    { of: { clientCpusBusy: 0.97 }, note: 'client-bound' },
    { of: { machineBusy: 0.96 }, note: 'CPUs full' },
    { of: { othersBusy: 0.25 }, note: 'others used 25 %' },
    { of: { rounds: 2 }, note: '2 of 3 rounds' },
    { of: { errors: 4, messages: ['a', 'b'] }, note: '4 ERRORS: a | b' },
    { of: { clientCpuMicrosPerOp: undefined }, note: 'CPU time: not on this system' },
  ])('says "$note"', ({ of, note }) => {
    expect(notesOn({ ...cell, ...of }, 1, 3)).toEqual([note])
  })

  it('does not call a client bound that can use more CPUs', () => {
    expect(notesOn({ ...cell, clientCpusBusy: 0.97 }, 2, 3)).toEqual([])
  })
})

describe('formatRatio', () => {
  it('shows the spread when there is one', () => {
    expect(formatRatio({ median: 1.5, low: 1.25, high: 2 })).toBe('1.50× (1.25–2.00)')
    expect(formatRatio({ median: 1, low: 1, high: 1 })).toBe('1.00×')
    expect(formatRatio(undefined)).toBe('–')
  })
})

describe('formatReport', () => {
  it('shows skipped rows with the reason, marks errors, and leaves out what a row does not do', () => {
    const options = parseOptions(['--workloads', 'put,lock', '--concurrency', '64'])!
    const rows = lineup
      .filter(({ id }) => ['etcd-go', 'etcd-etcd3', 'redis-redlock'].includes(id))
      .map((row) => ({
        row,
        skipped: row.id === 'etcd-etcd3' ? 'etcd is not installed' : undefined,
      }))
    const cells: CellSummary[] = [
      { ...cell, errors: 1, messages: ['refused'] },
      { ...cell, row: 'redis-redlock', workload: 'lock', ratio: undefined },
    ]
    const machine = {
      cpuModel: 'a CPU',
      cpus: 2,
      memoryGiB: 4,
      system: 'Linux',
      loadBefore: 0,
      fsyncP50Ms: 1,
      fsyncP99Ms: 2,
      versions: {},
    }
    const text = formatReport({ machine, options, rows, cells, baseline: 'etcd-go' })
    expect(text).toContain('skipped: etcd, npm etcd3: etcd is not installed')
    expect(text).toMatch(/^put +64 +8,000\* +skipped$/m)
    expect(text).toContain('* with errors, see below')
    expect(text).toContain('1 ERRORS: refused')
    const putBlock = text.slice(text.indexOf('put, 64'), text.indexOf('lock + unlock, 64'))
    expect(putBlock).not.toContain('Redis')
  })
})
