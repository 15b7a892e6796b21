/** `npm run fuzz`: many inputs from a seed, against a real member over real sockets. */

import { startMemberTarget } from './member-target.js'
import { FuzzOptionsError, parseOptions, usage, type FuzzOptions } from './options.js'
import { reportOf } from './report.js'
import { fuzz } from './run.js'

const PROGRESS_EVERY_MS = 1_000

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), () => Math.floor(Math.random() * 2 ** 31))
  if (options === undefined) {
    console.log(usage)
    return
  }
  console.log(`seed ${options.seed}`)
  const target = await startMemberTarget()
  try {
    const { text, isGood } = reportOf(await fuzz(options, target, progressOf(options)))
    console.log(text)
    if (!isGood) process.exitCode = 1
  } finally {
    await target.close()
  }
}

/** Only for somebody who looks on. */
function progressOf({ inputs }: FuzzOptions): (sent: number) => void {
  const startedAt = performance.now()
  let shownAt = 0
  return (sent) => {
    const now = performance.now()
    if (!process.stdout.isTTY || now - shownAt < PROGRESS_EVERY_MS) return
    shownAt = now
    const perSecond = Math.round((1_000 * sent) / (now - startedAt))
    process.stdout.write(`\r${sent} of ${inputs} inputs, ${perSecond}/s `)
    if (sent >= inputs) process.stdout.write('\n')
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof FuzzOptionsError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
