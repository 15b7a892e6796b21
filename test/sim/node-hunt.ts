/**
 * Runs seeds of a build in a process of its own, until one of them finds something: builds do not pile
 * up in one memory, and one that hangs can be ended.
 */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { NodeBuild } from './node-build.js'

/** A seed takes less than a second; one that is not over by then never is. */
const HANGS_AFTER_MS = 120_000

export interface HuntOptions {
  readonly firstSeed: number
  readonly maxSeeds: number
  readonly maxMs: number
}

export interface Hunt {
  /** Seeds that were run, the one that found something included. */
  readonly seeds: number
  /** The last one that was run. */
  readonly lastSeed: number
  /** What was violated; undefined if nothing was. */
  readonly complaint: string | undefined
  /** Why it ended, if it was neither by a violation nor because all seeds were run. */
  readonly ending: 'the time is over' | 'a seed does not end' | 'the process ended' | undefined
}

/** What the other process says of each seed. */
interface Line {
  readonly complaint?: string
}

export async function hunt(build: NodeBuild, options: HuntOptions): Promise<Hunt> {
  const { firstSeed, maxSeeds, maxMs } = options
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', programFor(build.entry), `${firstSeed}`, `${maxSeeds}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let seeds = 0
  let complaint: string | undefined
  let ending: Hunt['ending']
  const endAfter = (ms: number, why: Hunt['ending']): NodeJS.Timeout =>
    setTimeout(() => {
      ending = why
      child.kill('SIGKILL')
    }, ms)
  const deadline = endAfter(maxMs, 'the time is over')
  let watchdog = endAfter(HANGS_AFTER_MS, 'a seed does not end')
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(watchdog)
    watchdog = endAfter(HANGS_AFTER_MS, 'a seed does not end')
    seeds += 1
    complaint = (JSON.parse(line) as Line).complaint
  }
  const code = await ended
  clearTimeout(watchdog)
  clearTimeout(deadline)
  if (code !== 0) ending ??= 'the process ended'
  return { seeds, lastSeed: firstSeed + seeds - 1, complaint, ending }
}

function programFor(entry: string): string {
  return `
    import { writeSync } from 'node:fs'
    const { runNodeSeed } = await import(${JSON.stringify(entry)})
    const [first, count] = process.argv.slice(1).map(Number)
    const describe = ({ message, cause }) =>
      cause === undefined ? message : message + ': ' + (cause.message ?? cause)
    // What is left of a run may fail when the run is over.
    let complaint
    for (const event of ['unhandledRejection', 'uncaughtException']) {
      process.on(event, (error) => (complaint ??= 'an error escaped: ' + describe(error)))
    }
    for (let seed = first; seed < first + count; seed += 1) {
      try {
        await runNodeSeed(seed)
      } catch (error) {
        complaint = describe(error)
      }
      writeSync(1, JSON.stringify({ complaint }) + '\\n')
      if (complaint !== undefined) break
    }
  `
}
