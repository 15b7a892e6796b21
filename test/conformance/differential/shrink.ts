/** Cuts the steps of a divergence down to those that it takes (Zeller and Hildebrandt 2002, "ddmin"). */

import { runFresh } from './run-fresh.js'
import { Divergence } from './run-steps.js'
import type { Step } from './step.js'

/** Runs in all: each starts two servers. */
const MAX_RUNS = 150

export interface Shrunk {
  readonly steps: readonly Step[]
  readonly divergence: Divergence
}

/** What these steps lead to on two fresh servers; undefined when they answer alike. */
export async function divergenceOf(steps: readonly Step[]): Promise<Divergence | undefined> {
  const found = await runFresh(steps)
  return found instanceof Divergence ? found : undefined
}

/** Undefined when the divergence does not come again. */
export async function shrink(
  failing: readonly Step[],
  first: Divergence,
): Promise<Shrunk | undefined> {
  let steps = failing.slice(0, first.at + 1)
  let divergence = await divergenceOf(steps)
  if (divergence === undefined) return undefined
  let runs = 1
  for (let length = Math.ceil(steps.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let from = steps.length - length; from > -length && runs < MAX_RUNS; from -= length) {
      const fewer = steps.filter((_, at) => at < from || at >= from + length)
      if (fewer.length === steps.length) continue
      runs += 1
      const found = await divergenceOf(fewer)
      if (found === undefined) continue
      divergence = found
      steps = fewer
    }
  }
  return { steps, divergence }
}
