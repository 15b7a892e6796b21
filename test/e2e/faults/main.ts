/**
 * Clusters of real processes under faults, with everything that their clients saw checked, for longer
 * than the tests do it.
 *
 *   npm run e2e -- --minutes 30 [--seed N] [--faults kill,partition] [--members 5]
 *   npm run e2e -- --kills 500
 *   npm run e2e -- --network packets --faults partition
 */

import { runCell } from './cell.js'
import type { CellPlan, CellResult } from './cell-plan.js'
import { cellOf, killCellOf } from './cells.js'
import { isCounted, isHopeless, killsOf } from './counting.js'
import { hasOwnNetwork, runInOwnNetwork } from './networks.js'
import { parseOptions, RunOptionsError, usage, type RunOptions } from './options.js'
import { describeCell, describeResult, summarize } from './report.js'

async function run(options: RunOptions): Promise<void> {
  const begun = performance.now()
  const results: CellResult[] = []
  for (let plan = next(options, results, begun); plan; plan = next(options, results, begun)) {
    console.log(describeCell(plan))
    const result = await runCell(plan)
    results.push(result)
    console.log(describeResult(result))
    if (!isCounted(result)) process.exitCode = 1
  }
  const minutes = (performance.now() - begun) / 60_000
  console.log(`\nseed ${options.seed}, ${minutes.toFixed(1)} minutes`)
  console.log(summarize(results, options.kills))
}

/** Undefined when it is enough. */
function next(
  options: RunOptions,
  results: readonly CellResult[],
  begun: number,
): CellPlan | undefined {
  if (options.kills !== undefined) {
    const missing = options.kills - killsOf(results)
    return missing > 0 && !isHopeless(results)
      ? killCellOf(options, results.length, missing)
      : undefined
  }
  const isEnough =
    options.cells === undefined
      ? performance.now() - begun > options.minutes * 60_000
      : results.length >= options.cells
  return isEnough ? undefined : cellOf(options, results.length)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) console.log(usage)
  else if (options.network === 'links' || hasOwnNetwork()) await run(options)
  else process.exitCode = await runInOwnNetwork()
} catch (error) {
  if (!(error instanceof RunOptionsError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 64
}
// All is said, and all that is ours is closed. Left to end by itself, Node 20 has now and then spun for
// minutes while it cleaned up its own handles.
process.exit()
