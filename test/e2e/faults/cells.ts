/** Which cells a run consists of. */

import { seededRandom } from '../seeded-random.js'
import type { CellPlan } from './cell-plan.js'
import type { RunOptions } from './options.js'
import { drawSchedule, type FaultClass, type PlannedFault } from './schedule.js'
import type { Workload } from './workload.js'
import { registers } from './workloads/registers.js'

/** A fresh cluster after so many, so that histories stay short enough to be searched. */
const KILLS_A_CELL = 40
/** Time for the clients to get something done between two kills. */
const KILL_EVERY_MS = 500
/** How long a member is away that does not come back at once: another may have to lead meanwhile. */
const LEAST_AWAY_MS = 200
const MOST_AWAY_MS = 3_000

/**
 * The cell of this number: workloads and faults in turn, so that every pair of them comes, and neighbours
 * differ in both; now and then all at once, since faults and clients that meet are what nobody thinks of.
 */
export function cellOf(options: RunOptions, number: number): CellPlan {
  const { classes, cellSeconds, electionTimeoutMs, members, network } = options
  const seed = options.seed + number
  const random = seededRandom(seed)
  const some = turn(options.workloads, number)
  const rounds = Math.floor(number / (options.workloads.length + 1))
  const faults = turn(classes, number + rounds)
  const durationMs = cellSeconds * 1_000
  const schedule = drawSchedule({
    ...{ classes: faults, members, network, durationMs, electionTimeoutMs, random },
    hasHolders: some.some((workload) => workload.hasHolders === true),
  })
  return planOf(options, { seed, some, faults, schedule })
}

/** All workloads, and kills one after the other: of the leader half the time, for a while half the time. */
export function killCellOf(options: RunOptions, number: number, kills: number): CellPlan {
  const seed = options.seed + number
  const random = seededRandom(seed)
  const schedule: PlannedFault[] = []
  let atMs = 0
  while (schedule.length < Math.min(kills, KILLS_A_CELL)) {
    atMs += KILL_EVERY_MS
    const target = random() < 0.5 ? 'leader' : Math.floor(random() * (options.members - 1))
    const forMs = random() < 0.5 ? 0 : drawAwayMs(random)
    schedule.push({ atMs, kind: 'kill', target, forMs })
    atMs += forMs
  }
  return planOf(options, { seed, some: options.workloads, faults: ['kill'], schedule })
}

function drawAwayMs(random: () => number): number {
  return Math.round(LEAST_AWAY_MS + (MOST_AWAY_MS - LEAST_AWAY_MS) * random())
}

/** One of them, and every time around all of them. */
function turn<T>(items: readonly T[], number: number): readonly T[] {
  const at = number % (items.length + 1)
  return at === items.length ? items : items.slice(at, at + 1)
}

function planOf(
  { members, network, heartbeatIntervalMs, electionTimeoutMs }: RunOptions,
  drawn: {
    readonly seed: number
    readonly some: readonly Workload[]
    readonly faults: readonly FaultClass[]
    readonly schedule: readonly PlannedFault[]
  },
): CellPlan {
  const { seed, some, faults, schedule } = drawn
  const name = `${some.map((one) => one.name).join('+')} × ${faults.join('+')}`
  // Some wait more than they ask; these never do, and give watches something to tell.
  const workloads = some.includes(registers) ? some : [registers, ...some]
  const timing = { heartbeatIntervalMs, electionTimeoutMs }
  return { name, seed, members, network, ...timing, workloads, schedule }
}
