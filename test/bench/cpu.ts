/**
 * CPU time of processes and of the machine. A process's own time comes from /proc/<pid>/stat, all its
 * threads together, in clock ticks: Linux only, and undefined elsewhere. What the machine spent in
 * all comes from node:os, so that the load of others during a cell can be told.
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

// What Linux has used for decades; asked for nevertheless.
const USUAL_TICKS_PER_SECOND = 100
let knownTicks: number | undefined

/** Seconds of CPU that these processes have used, or undefined where that cannot be read. */
export function cpuSecondsOf(pids: readonly number[]): number | undefined {
  let sum = 0
  for (const pid of pids) {
    const ticks = ticksOf(pid)
    if (ticks === undefined) return undefined
    sum += ticks
  }
  return sum / ticksPerSecond()
}

function ticksOf(pid: number): number | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** User and system ticks of one line of /proc/<pid>/stat, see proc(5): its fields 14 and 15. */
export function parseStat(line: string): number {
  // The second field is the program's name in parentheses and may hold spaces and parentheses.
  const afterName = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return Number(afterName[11]) + Number(afterName[12])
}

function ticksPerSecond(): number {
  if (knownTicks === undefined) {
    const asked = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout)
    knownTicks = asked > 0 ? asked : USUAL_TICKS_PER_SECOND
  }
  return knownTicks
}

export interface MachineTime {
  readonly busySeconds: number
  readonly totalSeconds: number
}

/** CPU seconds of the whole machine since it started. */
export function machineTime(): MachineTime {
  let [busy, total] = [0, 0]
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle
    busy += all - times.idle
    total += all
  }
  return { busySeconds: busy / 1_000, totalSeconds: total / 1_000 }
}
