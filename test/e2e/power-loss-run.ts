/**
 * One run of the power-loss test: the workload of `storage/power-loss-workload.test-support.ts` is
 * recorded under strace, with the real storage in it, and its trace is replayed on a model disk.
 * At moments drawn from a seed the model's power fails, and what is left is opened by the real
 * storage again and compared with what the workload had been told.
 */

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { losePower, ModelDisk, replayTrace, traceCommand } from '@holdfast/testkit'
import { copyCoordinator, type Change } from './coordinator-build.js'
import { seededRandom } from './seeded-random.js'

const LOG = 'storage/power-loss-log.test-support'
const WORKLOAD = 'storage/power-loss-workload.test-support'
const CHECK = 'storage/power-loss-check.test-support'

/** So that a run of seconds has many checkpoints of both databases. */
const SMALL_LIMITS: readonly Change[] = [
  {
    file: 'storage/log-writer.js',
    find: 'CHECKPOINT_BYTES = 8 * 1024 * 1024',
    replace: 'CHECKPOINT_BYTES = 64 * 1024',
  },
  { file: 'storage/checkpoint-worker.js', find: 'LOOK_MS = 200', replace: 'LOOK_MS = 5' },
]

/** Every so many images are opened by a whole start, with its threads. */
const WHOLE_START_EVERY = 16

const NEWLINE = 10
const MAX_NAME_BYTES = 40
const CHANGES = /^\d+ +(?:<\.\.\. )?(?:p?write|fsync|fdatasync|ftruncate|rename|unlink|mkdir)/

interface Expectations {
  hear(line: string): void
  check(directory: string): void
  checkByStarting(directory: string): Promise<void>
}

export interface Recording {
  readonly directory: string
  /** Of the data directory's parent, when it was recorded. */
  readonly rootPath: string
  readonly traces: readonly string[]
  readonly newExpectations: () => Promise<Expectations>
}

/** @param faults planted in the storage that is recorded and opens the images */
export async function record(faults: readonly Change[] = []): Promise<Recording> {
  const build = copyCoordinator([...SMALL_LIMITS, ...faults], [LOG, WORKLOAD, CHECK])
  const { directory } = build
  const rootPath = join(directory, 'root')
  mkdirSync(rootPath)
  const program = build.modulePath(WORKLOAD)
  const snapshots = join(directory, 'snapshots')
  mkdirSync(snapshots)
  const prepare = [program, join(directory, 'sender'), snapshots, 'prepare']
  await promisify(execFile)(process.execPath, prepare)
  const traces: string[] = []
  for (const run of ['first', 'second', 'third']) {
    const traceFile = join(directory, `${run}.trace`)
    const args = [program, join(rootPath, 'parent', 'data'), snapshots, run]
    await traceCommand({ command: process.execPath, args, traceFile })
    traces.push(traceFile)
  }
  const newExpectations = async (): Promise<Expectations> => {
    const url = pathToFileURL(build.modulePath(CHECK)).href
    const module = (await import(/* @vite-ignore */ url)) as {
      Expectations: new () => Expectations
    }
    return new module.Expectations()
  }
  return { directory, rootPath, traces, newExpectations }
}

export interface Loss {
  readonly seed: number
  readonly trace: string
  readonly line: number
  readonly complaint: string
}

export interface LossReport {
  readonly images: number
  /** After which power could be lost. */
  readonly calls: number
  readonly losses: readonly Loss[]
}

export interface LossOptions {
  readonly seed: number
  readonly images: number
  /** Ends at the first. */
  readonly stopAtLoss?: boolean
}

/** Loses power at `images` moments, spread over the recording. */
export async function losePowerOften(
  recording: Recording,
  { seed, images, stopAtLoss = false }: LossOptions,
): Promise<LossReport> {
  const chance = seededRandom(seed)
  const calls = recording.traces.map(changingLines)
  const moments = momentsAmong(calls, images, chance)
  const imagesDirectory = realpathSync(mkdtempSync(join(fastestDirectory(), 'holdfast-image-')))
  const expectations = await recording.newExpectations()
  const disk = new ModelDisk(recording.rootPath)
  const losses: Loss[] = []
  let number = 0
  const lose = async (): Promise<string | undefined> => {
    number += 1
    const image = join(imagesDirectory, String(number))
    mkdirSync(image)
    losePower(disk, image, seededRandom(seed * 1_000_003 + number))
    const complaint = await complaintAbout(expectations, join(image, 'parent', 'data'), number)
    rmSync(image, { recursive: true })
    return complaint
  }
  try {
    for (const [at, trace] of recording.traces.entries()) {
      const lines = [...(moments[at] ?? [])]
      const loseUntil = async (line: number): Promise<boolean> => {
        for (let [next] = lines; next !== undefined && next <= line; [next] = lines) {
          lines.shift()
          const complaint = await lose()
          if (complaint !== undefined) losses.push({ seed, trace, line, complaint })
        }
        return stopAtLoss && losses.length > 0
      }
      for await (const { line, said } of replayTrace(trace, disk)) {
        for (const text of said) expectations.hear(text)
        if (await loseUntil(line)) break
      }
      if (stopAtLoss && losses.length > 0) break
      // After the last call that was about our files.
      await loseUntil(Infinity)
    }
    return { images: number, calls: calls.flat().length, losses }
  } finally {
    rmSync(imagesDirectory, { recursive: true })
  }
}

/** So many for each trace, in their order; some twice. */
function momentsAmong(
  calls: readonly (readonly number[])[],
  images: number,
  chance: () => number,
): readonly (readonly number[])[] {
  const all = calls.flatMap((lines, trace) => lines.map((line) => ({ trace, line })))
  const drawn = Array.from({ length: images }, () => all[Math.floor(chance() * all.length)])
  return calls.map((_, trace) =>
    drawn
      .filter((moment) => moment?.trace === trace)
      .map((moment) => moment?.line ?? 0)
      .sort((a, b) => a - b),
  )
}

/** Images need not be durable: memory will do. */
function fastestDirectory(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
}

/** The lines of a trace after which something is another than before, if it is about our files. */
function changingLines(file: string): number[] {
  const bytes = readFileSync(file)
  const found: number[] = []
  let number = 0
  for (let from = 0; from < bytes.length; from = bytes.indexOf(NEWLINE, from) + 1) {
    number += 1
    const start = bytes.subarray(from, from + MAX_NAME_BYTES).toString('latin1')
    if (CHANGES.test(start)) found.push(number)
  }
  return found
}

async function complaintAbout(
  expectations: Expectations,
  directory: string,
  number: number,
): Promise<string | undefined> {
  try {
    if (number % WHOLE_START_EVERY === 0) await expectations.checkByStarting(directory)
    else expectations.check(directory)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
