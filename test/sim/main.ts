/**
 * The simulations, for longer than the tests run them. `--level core` (by default) is Raft alone,
 * `--level node` whole members with their clients.
 *
 *   npm run sim -- --minutes 5 [--seed 1]    runs seeds until the time is up
 *   npm run sim -- --seed 7 --once           runs one seed again, and prints the hash of its trace
 *   npm run sim -- --seed 7 --shrink [--bug vote]    what of it makes it fail, to be kept with the
 *                                            tests; with a bug planted, if one is named
 *   npm run sim -- --planted-bugs            in how many seeds each planted bug is found
 *   npm run sim -- --planted-bugs --bug vote    only those that are called so
 *
 * and for the core also
 *
 *   npm run sim -- --seed 7 --count 20       the hashes of so many seeds; some garbage collections
 *                                            in between if Node was started with --expose-gc
 */

import { parseArgs } from 'node:util'
import { plantedBugs, runCore, type CoreTask } from './core-seeds.js'
import { reportNodePlantedBugs } from './node-planted-bug-report.js'
import { NODE_PLANTED_BUGS } from './node-planted-bugs.js'
import { runNodeSeeds, shrinkNodeSeed } from './node-seeds.js'
import { reportPlantedBugs } from './planted-bug-report.js'

const { values } = parseArgs({
  options: {
    level: { type: 'string', default: 'core' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string' },
    once: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    'planted-bugs': { type: 'boolean', default: false },
    bug: { type: 'string' },
  },
})
const seed = Number(values.seed)

if (values.level === 'core') await runCoreLevel()
else if (values.level === 'node') await runNodeLevel()
else throw new Error(`there is no level ${values.level}: core or node`)

async function runCoreLevel(): Promise<void> {
  if (values['planted-bugs']) {
    if (!(await reportPlantedBugs(plantedBugs(values.bug)))) process.exitCode = 1
  } else await runCore(coreTask(), seed, values.bug)
}

function coreTask(): CoreTask {
  if (values.shrink) return { type: 'shrink' }
  if (values.count !== undefined) return { type: 'hashes', count: Number(values.count) }
  return values.once ? { type: 'once' } : { type: 'run', minutes: Number(values.minutes) }
}

async function runNodeLevel(): Promise<void> {
  const bugs = NODE_PLANTED_BUGS.filter(({ name }) => name.includes(values.bug ?? ''))
  if (values['planted-bugs']) {
    if (!(await reportNodePlantedBugs(bugs))) process.exitCode = 1
  } else if (values.shrink) {
    const bug = values.bug === undefined ? undefined : bugs[0]
    await shrinkNodeSeed(seed, `node-seed-${seed}.json`, bug)
  } else await runNodeSeeds(seed, values.once ? 0 : Number(values.minutes) * 60_000)
}
