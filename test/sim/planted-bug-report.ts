/** The table of planted bugs, as Markdown: in how many seeds each is found, from five starts. */

import { rmSync } from 'node:fs'
import { buildCore } from './core-build.js'
import type { PlantedBug } from './planted-bugs.js'
import { complaintOf } from './violation.js'

/** A bug that no seed of so many has found is not found. */
const MAX_SEEDS = 1_000
const FIRST_SEEDS = [1, 100_001, 200_001, 300_001, 400_001]

/** Whether all were found, from every start. */
export async function reportPlantedBugs(bugs: readonly PlantedBug[]): Promise<boolean> {
  const found: number[] = []
  console.log('| no. | planted bug | seeds to find it, from five starts | first complaint |')
  console.log('| --- | --- | --- | --- |')
  for (const bug of bugs) {
    const { seeds, complaint } = await hunt(bug)
    found.push(...seeds.filter((one) => one !== undefined))
    const list = seeds.map((one) => one ?? `not in ${MAX_SEEDS}`).join(', ')
    console.log(`| ${bug.number ?? '–'} | ${bug.name} | ${list} | ${complaint} |`)
  }
  found.sort((a, b) => a - b)
  const median = found[Math.floor(found.length / 2)] ?? 0
  const hunts = bugs.length * FIRST_SEEDS.length
  console.log(
    `\n${found.length} of ${hunts} hunts ended in a find; median ${median}, worst ${found.at(-1) ?? 0}`,
  )
  return found.length === hunts
}

interface Hunt {
  readonly seeds: readonly (number | undefined)[]
  readonly complaint: string
}

async function hunt(bug: PlantedBug): Promise<Hunt> {
  const core = await buildCore(bug)
  let complaint: string | undefined
  const seeds = FIRST_SEEDS.map((first) => {
    for (let count = 1; count <= MAX_SEEDS; count += 1) {
      const found = complaintOf(core, core.scenarioOf(first + count - 1))
      complaint ??= found
      if (found !== undefined) return count
    }
    return undefined
  })
  rmSync(core.directory, { recursive: true })
  return { seeds, complaint: complaint ?? '–' }
}
