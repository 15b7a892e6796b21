/**
 * Which threads of a process call fsync, by strace. The proof that an event loop does not wait for the
 * disk is that its thread, the one whose id is the process's, never asks the disk to flush.
 * strace stops a process at every system call, so nothing else that is measured meanwhile counts.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { missingProgram } from './contestants/installed.js'

export interface FsyncCount {
  readonly onMainThread: number
  readonly onOtherThreads: number
}

export interface FsyncTrace {
  /** Detaches, and tells what was seen. */
  stop(): Promise<FsyncCount>
}

const FLUSHES = 'fsync,fdatasync,sync_file_range,syncfs,msync'
const ATTACH_TIMEOUT_MS = 5_000

export function missingForTrace(): string | undefined {
  return missingProgram('strace')
}

/** @throws {Error} when the system does not let strace attach to another process */
export async function traceFsyncs(pid: number): Promise<FsyncTrace> {
  const args = ['-f', '-e', `trace=${FLUSHES}`, '-e', 'signal=none', '-p', String(pid)]
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(strace, 'close')
  const lines: string[] = []
  const attached = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error('strace did not attach in time')),
      ATTACH_TIMEOUT_MS,
    )
    createInterface({ input: strace.stderr })
      .on('line', (line) => {
        if (/^strace: Process \d+ attached/.test(line)) resolve()
        else lines.push(line)
      })
      .once('close', () => reject(new Error(lines.at(-1) ?? 'strace ended')))
    void closed.then(() => clearTimeout(timer))
  })
  const stop = async (): Promise<FsyncCount> => {
    strace.kill('SIGINT')
    await closed
    return countFsyncs(lines, pid)
  }
  try {
    await attached
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A call that takes long is printed when it begins and again when it ends: only its begin counts. */
export function countFsyncs(lines: readonly string[], pid: number): FsyncCount {
  let [onMainThread, onOtherThreads] = [0, 0]
  for (const line of lines) {
    const match = /^(?:\[pid +(\d+)\] )?(\w+)\(/.exec(line)
    if (match === null || !FLUSHES.split(',').includes(match[2] ?? '')) continue
    if (match[1] === undefined || Number(match[1]) === pid) onMainThread += 1
    else onOtherThreads += 1
  }
  return { onMainThread, onOtherThreads }
}
