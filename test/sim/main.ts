/**
 * The simulation of the core, for longer than the tests run it.
 *
 *   npm run sim -- --minutes 5 [--seed 1]   runs seeds until the time is up
 *   npm run sim -- --seed 7 --once          runs one seed again
 *   npm run sim -- --planted-bugs           in how many seeds each planted bug is found
 */

import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildCore, type CoreBuild } from './core-build.js'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.js'

/** A bug that no seed of so many has found is not found. */
const MAX_SEEDS = 1_000
const FIRST_SEEDS = [1, 100_001, 200_001, 300_001, 400_001]

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    once: { type: 'boolean', default: false },
    'planted-bugs': { type: 'boolean', default: false },
  },
})

if (values['planted-bugs']) await reportPlantedBugs()
else await runSeeds(Number(values.seed), values.once ? 0 : Number(values.minutes) * 60_000)

async function runSeeds(first: number, milliseconds: number): Promise<void> {
  const core = await buildCore()
  try {
    const begun = performance.now()
    const totals: Record<string, number> = {}
    let seed = first
    do {
      if (!tryTo(seed, core, totals)) return
      seed += 1
    } while (performance.now() - begun < milliseconds)
    const minutes = (performance.now() - begun) / 60_000
    const count = seed - first
    console.log(
      `${count} seeds from ${first} on, ${Math.round(count / minutes)} a minute, 0 violations`,
    )
    console.log(`seen: ${JSON.stringify(totals)}`)
  } finally {
    rmSync(core.directory, { recursive: true })
  }
}

function tryTo(seed: number, core: CoreBuild, totals: Record<string, number>): boolean {
  try {
    for (const [name, count] of Object.entries(core.runSeed(seed))) {
      totals[name] = (totals[name] ?? 0) + count
    }
    return true
  } catch (error) {
    console.error(error)
    console.error(`violated; to see it again: npm run sim -- --seed ${seed} --once`)
    process.exitCode = 1
    return false
  }
}

/** The table is Markdown, to be kept beside this program. */
async function reportPlantedBugs(): Promise<void> {
  console.log('| planted bug | seeds to find it, from five starts | first complaint |')
  console.log('| --- | --- | --- |')
  for (const bug of PLANTED_BUGS) {
    const { seeds, complaint } = await hunt(bug)
    const found = seeds.map((one) => one ?? `not in ${MAX_SEEDS}`).join(', ')
    console.log(`| ${bug.name} | ${found} | ${complaint} |`)
    if (seeds.includes(undefined)) process.exitCode = 1
  }
}

interface Hunt {
  readonly seeds: readonly (number | undefined)[]
  readonly complaint: string
}

async function hunt(bug: PlantedBug): Promise<Hunt> {
  const core = await buildCore(bug)
  let complaint = '–'
  const seeds = FIRST_SEEDS.map((first) => {
    for (let count = 1; count <= MAX_SEEDS; count += 1) {
      try {
        core.runSeed(first + count - 1)
      } catch (error) {
        complaint = error instanceof Error ? error.message : String(error)
        return count
      }
    }
    return undefined
  })
  rmSync(core.directory, { recursive: true })
  return { seeds, complaint: complaint.split('\n', 1)[0] ?? '' }
}
