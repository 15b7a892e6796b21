/**
 * What one must know of the machine to read the figures: its CPUs, the programs' versions, and what an
 * fsync costs where the data lies, because no durable commit is faster than that.
 */

import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { programVersion } from './contestants/installed.js'
import { LatencyRecord } from './latency-record.js'

export interface Machine {
  readonly cpuModel: string
  readonly cpus: number
  readonly memoryGiB: number
  readonly system: string
  /** Processes that wanted to run in the minute before: above 0.5, the figures are also theirs. */
  readonly loadBefore: number
  readonly fsyncP50Ms: number | undefined
  readonly fsyncP99Ms: number | undefined
  /** By name; a program that is not there is left out. */
  readonly versions: Readonly<Record<string, string>>
}

const PROBES = 200
const PAGE_BYTES = 4_096

export function describeMachine(directory: string): Machine {
  const fsyncs = probeFsync(directory)
  const versions = {
    node: process.version,
    holdfast: revisionOfTheSource(),
    etcd: programVersion('etcd'),
    redis: programVersion('redis-server'),
    go: programVersion('go', 'version'),
  }
  return {
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
    fsyncP50Ms: fsyncs.percentile(0.5),
    fsyncP99Ms: fsyncs.percentile(0.99),
    versions: Object.fromEntries(
      Object.entries(versions).flatMap(([name, version]) =>
        version === undefined ? [] : [[name, numberOf(version)] as const],
      ),
    ),
  }
}

/** Appends a page and waits until it is durable, as a log does. */
function probeFsync(directory: string): LatencyRecord {
  const record = new LatencyRecord(PROBES)
  const file = openSync(join(directory, 'fsync-probe'), 'a')
  const page = Buffer.alloc(PAGE_BYTES, 1)
  for (let probe = 0; probe < PROBES; probe += 1) {
    const start = performance.now()
    writeSync(file, page)
    fsyncSync(file)
    record.add(performance.now() - start)
  }
  closeSync(file)
  return record
}

function revisionOfTheSource(): string | undefined {
  const git = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : undefined
}

/** Programs wrap their version in words of their own. */
function numberOf(text: string): string {
  return /\d+\.\d+[.\d]*/.exec(text)?.[0] ?? text
}
