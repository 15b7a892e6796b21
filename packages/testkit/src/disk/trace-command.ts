/**
 * Runs a program under strace (Linux), so that everything it does to files can be done again on a
 * model of a disk.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** What changes files, and what would do so unseen by the model: `model-disk.ts` refuses that. */
const CALLS = [
  ...['open', 'openat', 'creat', 'close', 'dup', 'dup2', 'dup3'],
  ...['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'ftruncate', 'truncate', 'fallocate'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir'],
  ...['link', 'linkat', 'symlink', 'symlinkat', 'copy_file_range', 'sendfile', 'mmap'],
  ...['fsync', 'fdatasync', 'sync_file_range'],
]
const MAX_STRING_BYTES = 64 * 1024 * 1024

/** Whether there is an strace here that may trace. */
export function canTrace(): boolean {
  return spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
}

export interface TracedCommand {
  readonly command: string
  readonly args: readonly string[]
  /** Where the trace goes. */
  readonly traceFile: string
}

/** Resolves when it has ended, as it was meant to or by a signal; what it wrote is in the trace. */
export async function traceCommand({ command, args, traceFile }: TracedCommand): Promise<void> {
  const flags = ['-f', '--seccomp-bpf', '-xx', '-s', String(MAX_STRING_BYTES), '-o', traceFile]
  const traced = [...flags, '-e', `trace=${CALLS.join()}`, '--', command, ...args]
  const child = spawn('strace', traced, {
    // What io_uring does is no system call of its own.
    env: { ...process.env, UV_USE_IO_URING: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0 && code !== null) throw new Error(`${command} ended with ${code}: ${errors}`)
}
