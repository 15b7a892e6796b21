/** A divergence as a person wants to read it. */

import type { Divergence } from './run-steps.js'
import type { Step } from './step.js'

export function reportOf({ at, step, etcd, ours }: Divergence, steps: readonly Step[]): string {
  return [
    `step ${at}: ${JSON.stringify(step)}`,
    `etcd: ${JSON.stringify(etcd)}`,
    `ours: ${JSON.stringify(ours)}`,
    `${steps.length} steps:`,
    ...steps.map((one) => `  ${JSON.stringify(one)}`),
  ].join('\n')
}
