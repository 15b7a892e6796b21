/** Runs steps on two servers that nobody has used before. */

import { Referee } from '../referee.js'
import { KEPT_LEASES } from './generate.js'
import { Divergence, runSteps, type Tally } from './run-steps.js'
import type { Step } from './step.js'

/** What there was of each kind, or where they did not answer alike. */
export async function runFresh(steps: readonly Step[]): Promise<Tally | Divergence> {
  const referee = await Referee.start(KEPT_LEASES)
  try {
    return await runSteps(referee, steps)
  } catch (error) {
    if (error instanceof Divergence) return error
    throw error
  } finally {
    await referee.close()
  }
}
