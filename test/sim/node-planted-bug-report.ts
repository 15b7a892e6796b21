/** The table of planted bugs, as Markdown: in how many seeds of whole members each is found. */

import { buildNode, type NodeBug, type NodeBuild } from './node-build.js'
import { hunt, type Hunt } from './node-hunt.js'
import { NODE_PLANTED_BUGS } from './node-planted-bugs.js'

/** A bug that no seed of so many has found, or in so much time, is not found. */
const MAX_SEEDS = 1_000
const MAX_MINUTES = 20
const FIRST_SEEDS = [1, 100_001, 200_001]

/** @returns whether all were found, from every start. */
export async function reportNodePlantedBugs(
  bugs: readonly NodeBug[] = NODE_PLANTED_BUGS,
): Promise<boolean> {
  const build = buildNode()
  const found: number[] = []
  try {
    console.log('| no. | planted bug | seeds to find it, from three starts | first complaint |')
    console.log('| --- | --- | --- | --- |')
    for (const bug of bugs) {
      const hunts = await huntFromAll(build, bug)
      found.push(...hunts.filter(isFind).map(({ seeds }) => seeds))
      const complaint = hunts.find(isFind)?.complaint?.split('\n', 1)[0]?.slice(0, 120) ?? '–'
      const list = hunts.map((one) => (isFind(one) ? one.seeds : missed(one))).join(', ')
      console.log(`| ${bug.number ?? '–'} | ${bug.name} | ${list} | ${inCell(complaint)} |`)
    }
  } finally {
    build.remove()
  }
  found.sort((a, b) => a - b)
  const median = found[Math.floor(found.length / 2)] ?? 0
  const hunts = bugs.length * FIRST_SEEDS.length
  console.log(
    `\n${found.length} of ${hunts} hunts ended in a find; median ${median}, worst ${found.at(-1) ?? 0}`,
  )
  return found.length === hunts
}

async function huntFromAll(build: NodeBuild, bug: NodeBug): Promise<readonly Hunt[]> {
  const takeOut = build.plant(bug)
  const limits = { maxSeeds: MAX_SEEDS, maxMs: MAX_MINUTES * 60_000 }
  const hunts = await Promise.all(
    FIRST_SEEDS.map((firstSeed) => hunt(build, { firstSeed, ...limits })),
  )
  takeOut()
  await Promise.all(hunts.filter(isFind).map((one) => requireCleanWithout(build, one)))
  return hunts
}

/** What fails without the bug as well says nothing of the bug. */
async function requireCleanWithout(build: NodeBuild, { lastSeed }: Hunt): Promise<void> {
  const { complaint } = await hunt(build, { firstSeed: lastSeed, maxSeeds: 1, maxMs: 60_000 })
  if (complaint !== undefined) throw new Error(`seed ${lastSeed} fails by itself: ${complaint}`)
}

function isFind({ complaint }: Hunt): boolean {
  return complaint !== undefined
}

function missed({ seeds, ending }: Hunt): string {
  return ending === undefined ? `not in ${seeds}` : `not in ${seeds} (${ending})`
}

/** A bar would begin another column. */
function inCell(text: string): string {
  return text.replaceAll('|', '\\|')
}
