/**
 * The simulation of the core, for longer than the tests run it.
 *
 *   npm run sim -- --minutes 5 [--seed 1]    runs seeds until the time is up
 *   npm run sim -- --seed 7 --once           runs one seed again, and prints the hash of its trace
 *   npm run sim -- --seed 7 --count 20       the hashes of so many seeds; some garbage collections
 *                                            in between if Node was started with --expose-gc
 *   npm run sim -- --seed 7 --shrink [--bug vote]    a script of what makes it fail
 *   npm run sim -- --planted-bugs [--bug vote]       in how many seeds each planted bug is found
 */

import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildCore, type CoreBuild } from './core-build.js'
import { reportPlantedBugs } from './planted-bug-report.js'
import { PLANTED_BUGS } from './planted-bugs.js'
import type { Scenario } from './scenario.js'
import { formatScript } from './script-text.js'
import { shrink } from './shrink.js'
import { complaintOf, kindOf, replayLine } from './violation.js'

/** One step in so many is followed by a garbage collection. */
const STEPS_A_COLLECTION = 5_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string' },
    once: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    'planted-bugs': { type: 'boolean', default: false },
    bug: { type: 'string' },
  },
})

const firstSeed = Number(values.seed)
const planted = PLANTED_BUGS.filter(({ name }) => name.includes(values.bug ?? ''))

if (values['planted-bugs']) {
  if (!(await reportPlantedBugs(planted))) process.exitCode = 1
} else {
  const bug = values.bug === undefined ? undefined : planted[0]
  const core = await buildCore(bug)
  try {
    if (values.shrink) printShrunk(core, firstSeed, bug?.name)
    else if (values.count !== undefined) printHashes(core, firstSeed, Number(values.count))
    else if (values.once) runOnce(core, firstSeed)
    else runSeeds(core, firstSeed, Number(values.minutes) * 60_000)
  } finally {
    rmSync(core.directory, { recursive: true })
  }
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
