/** What can be asked of the simulation of the core: seeds, one seed, hashes, a script of a failure. */

import { rmSync } from 'node:fs'
import { buildCore, type CoreBuild } from './core-build.js'
import type { SimTask } from './options.js'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.js'
import type { Scenario } from './scenario.js'
import { formatScript } from './script-text.js'
import { shrink } from './shrink.js'
import { complaintOf, kindOf, replayLine } from './violation.js'

/** One step in so many is followed by a garbage collection. */
const STEPS_A_COLLECTION = 5_000

export type CoreTask = Exclude<SimTask, { readonly type: 'planted-bugs' }>

/** @param bugName planted first, if it is given */
export async function runCore(task: CoreTask, seed: number, bugName?: string): Promise<void> {
  const bug = bugName === undefined ? undefined : plantedBugs(bugName)[0]
  const core = await buildCore(bug)
  try {
    if (task.type === 'shrink') printShrunk(core, seed, bug?.name)
    else if (task.type === 'hashes') printHashes(core, seed, task.count)
    else if (task.type === 'once') runOnce(core, seed)
    else runSeeds(core, seed, task.minutes * 60_000)
  } finally {
    rmSync(core.directory, { recursive: true })
  }
}

/** Those that are called so. */
export function plantedBugs(called = ''): readonly PlantedBug[] {
  return PLANTED_BUGS.filter(({ name }) => name.includes(called))
}

function runSeeds(core: CoreBuild, first: number, milliseconds: number): void {
  const begun = performance.now()
  const totals: Record<string, number> = {}
  let seed = first
  let longest = 0
  do {
    try {
      const { sightings, ticksToSettle } = core.runScenario(core.scenarioOf(seed))
      longest = Math.max(longest, ticksToSettle)
      for (const [name, count] of Object.entries(sightings)) {
        totals[name] = (totals[name] ?? 0) + count
      }
    } catch (error) {
      console.error(error)
      console.error(`violated; to see it again ${replayLine(seed)}`)
      process.exitCode = 1
      return
    }
    seed += 1
  } while (performance.now() - begun < milliseconds)
  const count = seed - first
  const perMinute = Math.round(count / ((performance.now() - begun) / 60_000))
  const perCpuMinute = Math.round(count / (process.cpuUsage().user / 60_000_000))
  console.log(
    `${count} seeds from ${first} on, ${perMinute} a minute, ${perCpuMinute} a minute of CPU; ` +
      `0 violations; a quorum agreed within ${longest} ticks`,
  )
  console.log(`seen: ${JSON.stringify(totals)}`)
}

function runOnce(core: CoreBuild, seed: number): void {
  printHashes(core, seed, 1)
  try {
    console.log(JSON.stringify(core.runScenario(core.scenarioOf(seed))))
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
}

function printHashes(core: CoreBuild, first: number, count: number): void {
  const collect = globalThis.gc
  const onStep = (): void => {
    if (Math.random() * STEPS_A_COLLECTION < 1) collect?.()
  }
  for (let seed = first; seed < first + count; seed += 1) {
    console.log(`seed ${seed} trace ${core.traceHash(seed, collect && onStep)}`)
  }
}

function printShrunk(core: CoreBuild, seed: number, bug: string | undefined): void {
  const scenario = core.scenarioOf(seed)
  const complaint = complaintOf(core, scenario)
  if (complaint === undefined) {
    console.error(`seed ${seed} violates nothing`)
    process.exitCode = 1
    return
  }
  const stillFails = (smaller: Scenario): boolean => {
    const other = complaintOf(core, smaller)
    return other !== undefined && kindOf(other) === kindOf(complaint)
  }
  // Composite events go in few steps while they are whole, and are cut down when taken apart.
  const small = shrink(core.expandScenario(shrink(scenario, stillFails)), stillFails)
  console.log(`# ${complaint}`)
  console.log(`# Shrunk from the ${scenario.events.length} events of seed ${seed}.`)
  console.log(formatScript({ ...small, bug }))
}
