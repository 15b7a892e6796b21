/**
 * Every kind of fault once, on real processes under all workloads at once, the leader as its target
 * (reliability: Jepsen, etcd's robustness tests; catalogue 8 to 10, 20 to 29, 32, 36, 37, 51 to 58, 63 to
 * 67, 70 to 77, 80 to 85). `npm run e2e` does it for longer, with faults drawn from a seed.
 */

import { canCompileDiskFaults } from '@holdfast/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import type { CellResult } from './cell-plan.js'
import { runCell } from './cell.js'
import { describeCell, describeResult } from './report.js'
import { eachOnce, type FaultKind } from './schedule.js'
import { workloads } from './workloads/workloads.js'

const SEED = 20_261_121
const TIMING = { heartbeatIntervalMs: 50, electionTimeoutMs: 500 }
/** Others use the machine, too; a cell takes 8 to 16 s where it is alone. */
const CELL_TIMEOUT_MS = 180_000

interface Cell {
  readonly what: string
  readonly members: number
  readonly kinds: readonly FaultKind[]
}

const cells: readonly Cell[] = [
  { what: 'members are killed with -9, one and all', members: 3, kinds: ['kill', 'killAll'] },
  {
    what: 'members and holders of locks stand still',
    members: 3,
    kinds: ['pauseShort', 'pauseLong', 'pauseHolder'],
  },
  {
    what: 'the network is parted, both ways and one way',
    members: 3,
    kinds: ['isolate', 'mute', 'deafenMessages', 'flap'],
  },
  {
    what: 'the network is slow, damages and breaks, also for clients',
    members: 3,
    kinds: ['slowNetwork', 'damage', 'reset', 'cutClients', 'loseAnswers'],
  },
  {
    what: 'disks are slow, fail and are full',
    members: 3,
    kinds: ['slowDisk', 'failFsync', 'fullDisk'],
  },
  {
    what: 'five members have a majority somewhere',
    members: 5,
    kinds: ['minority', 'bridge', 'ring', 'muteMessages', 'deafen'],
  },
]

for (const { what, members, kinds } of cells) {
  const isPossible = !kinds.includes('slowDisk') || canCompileDiskFaults()
  describe.skipIf(!isPossible)(`${what} (${members} members)`, () => {
    let result: CellResult

    beforeAll(async () => {
      const schedule = eachOnce(kinds, { ...TIMING, target: 'leader' })
      const network = 'links' as const
      const plan = { name: what, seed: SEED, members, network, ...TIMING, workloads, schedule }
      console.log(describeCell(plan))
      result = await runCell(plan)
      console.log(describeResult(result))
    }, CELL_TIMEOUT_MS)

    it('every fault took effect, while clients were at work', () => {
      expect(result.withoutEffect).toEqual([])
      expect(result.faults.map(({ plan }) => plan.kind)).toEqual(kinds)
      expect(result.operations).toBeGreaterThan(100)
    })

    it('nothing that clients saw was wrong, and everybody recovered', () => {
      expect(result.violations).toEqual([])
    })
  })
}
