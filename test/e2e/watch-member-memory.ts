/**
 * The memory of a member: what is resident (proc(5): statm), now and at its highest, and what is left on
 * its heap when it has been made to collect its garbage, which by itself it only does when it has to.
 */

import { readFileSync } from 'node:fs'
import type { MemberCommand, MemberProcess } from '@holdfast/testkit'
import { metric } from './member-metric.js'

const PAGE_BYTES = 4096
const MIB = 1024 * 1024
const LOOK_MS = 50

export function residentMib(pid: number): number {
  const [, resident] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
  return Math.round((Number(resident) * PAGE_BYTES) / MIB)
}

const COLLECTOR = `
  import { setFlagsFromString } from 'node:v8'
  import { runInNewContext } from 'node:vm'
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  process.on('SIGUSR2', () => collect())
`

/** A member that collects its garbage when it is told to. */
export function collecting(command: MemberCommand): MemberCommand {
  const program = `data:text/javascript,${encodeURIComponent(COLLECTOR)}`
  return (spec) => {
    const { args, ...rest } = command(spec)
    return { ...rest, args: ['--import', program, ...args] }
  }
}

/** Of its heap, and of what its heap holds outside. */
export async function collectedMib(member: MemberProcess): Promise<number> {
  process.kill(member.pid!, 'SIGUSR2')
  const used = await metric(member, 'nodejs_heap_size_used_bytes')
  const outside = await metric(member, 'nodejs_external_memory_bytes')
  return Math.round((used + outside) / MIB)
}

/** Looks until it is stopped, which must be before the process ends. */
export class MemberMemory {
  readonly #timer: NodeJS.Timeout
  #maxMib = 0

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.#maxMib = Math.max(this.#maxMib, residentMib(pid))
    }, LOOK_MS)
  }

  /** Since it was last asked for. */
  takeMaxMib(): number {
    const max = this.#maxMib
    this.#maxMib = 0
    return max
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
