/** The simulations, for longer than the tests run them; `--help` says what can be asked. */

import { plantedBugs, runCore } from './core-seeds.js'
import { reportNodePlantedBugs } from './node-planted-bug-report.js'
import { NODE_PLANTED_BUGS } from './node-planted-bugs.js'
import { runNodeSeeds, shrinkNodeSeed } from './node-seeds.js'
import { parseOptions, SimOptionsError, usage, type SimOptions } from './options.js'
import { reportPlantedBugs } from './planted-bug-report.js'

async function runCoreLevel({ task, seed, bug }: SimOptions): Promise<void> {
  if (task.type === 'planted-bugs') {
    if (!(await reportPlantedBugs(plantedBugs(bug)))) process.exitCode = 1
  } else await runCore(task, seed, bug)
}

async function runNodeLevel({ task, seed, bug }: SimOptions): Promise<void> {
  const bugs = NODE_PLANTED_BUGS.filter(({ name }) => name.includes(bug ?? ''))
  if (task.type === 'planted-bugs') {
    if (!(await reportNodePlantedBugs(bugs))) process.exitCode = 1
  } else if (task.type === 'shrink') {
    await shrinkNodeSeed(seed, `node-seed-${seed}.json`, bug === undefined ? undefined : bugs[0])
  } else await runNodeSeeds(seed, task.type === 'run' ? task.minutes * 60_000 : 0)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) console.log(usage)
  else await (options.level === 'core' ? runCoreLevel(options) : runNodeLevel(options))
} catch (error) {
  if (!(error instanceof SimOptionsError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 64
}
