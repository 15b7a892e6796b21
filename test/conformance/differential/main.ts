/** `npm run conformance`: many seeds of random steps, on a real etcd and on ours. */

import { parseFlags } from '../../command-line.js'
import { generateSteps } from './generate.js'
import { reportOf } from './report.js'
import { runFresh } from './run-fresh.js'
import { Divergence } from './run-steps.js'
import { shrink } from './shrink.js'

const USAGE = `
npm run conformance -- --seeds 50 --steps 2000 --seed 1   so many seeds from this one on
npm run conformance -- --seeds 1 --seed 7 --keep-whole    a divergence is not cut down

  --seeds N      how many seeds (default: 50)
  --steps N      steps in each (default: 2000)
  --seed N       the first of them (default: 1)
  --keep-whole   report the steps as they were drawn
  --help
`

const OPTIONS = {
  seeds: { type: 'string', default: '50' },
  steps: { type: 'string', default: '2000' },
  seed: { type: 'string', default: '1' },
  'keep-whole': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2), OPTIONS, (message) => new Error(message + USAGE))
  if (flags.help) {
    console.log(USAGE)
    return
  }
  const total = new Map<string, number>()
  const first = whole('--seed', flags.seed)
  const seeds = whole('--seeds', flags.seeds)
  const stepsEach = whole('--steps', flags.steps)
  let stepCount = 0
  let diverged = 0
  for (let seed = first; seed < first + seeds; seed += 1) {
    const steps = generateSteps(seed, stepsEach)
    const found = await runFresh(steps)
    stepCount += steps.length
    if (!(found instanceof Divergence)) {
      for (const [kind, count] of found) total.set(kind, (total.get(kind) ?? 0) + count)
      continue
    }
    diverged += 1
    console.log(`seed ${seed} diverges`)
    const shrunk = flags['keep-whole'] ? undefined : await shrink(steps, found)
    console.log(
      reportOf(shrunk?.divergence ?? found, shrunk?.steps ?? steps.slice(0, found.at + 1)),
    )
  }
  for (const [kind, count] of [...total].sort(([, a], [, b]) => b - a))
    console.log(`${count}  ${kind}`)
  console.log(`${stepCount} steps over ${seeds} seeds, ${diverged} unexplained divergences`)
  if (diverged > 0) process.exitCode = 1
}

function whole(flag: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new Error(`${flag} takes a whole number from 1 on, not ${JSON.stringify(text)}${USAGE}`)
}

await main()
