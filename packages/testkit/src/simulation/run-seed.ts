/** One seed: its plan, run under a watch for what nobody has caught. */

import { InvariantBroken } from './check.js'
import { planOf, type Plan } from './plan.js'
import { runPlan, type RunReport } from './run.js'

/** @throws what was violated */
export function runNodeSeed(seed: number): Promise<RunReport> {
  return runWatched(planOf(seed))
}

/** An error that nobody caught ends the run as well: no promise may fail unseen. */
export async function runWatched(plan: Plan): Promise<RunReport> {
  let escaped: unknown
  const onEscape = (error: unknown): void => {
    escaped ??= error
  }
  process.on('unhandledRejection', onEscape)
  try {
    const report = await runPlan(plan)
    if (escaped !== undefined) throw new InvariantBroken('an error escaped', { cause: escaped })
    return report
  } finally {
    process.off('unhandledRejection', onEscape)
  }
}
