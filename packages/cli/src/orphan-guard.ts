/**
 * Kills a process group when this process dies, however it dies.
 *
 * A command that outlives the process that holds its lock would go on unprotected: its lease
 * runs out, and the lock goes to the next. Nothing can be done in a process that
 * got SIGKILL, so a shell in a session of its own waits at the other end of a pipe: a line means that
 * all is done; the end of the pipe means that its writer is dead.
 */

import { spawn } from 'node:child_process'

const SCRIPT = [
  'read -r group || exit 0',
  'if read -r line; then exit 0; fi',
  'kill -s KILL -- "-$group"',
].join('\n')

export interface OrphanGuard {
  /** From now on the group dies with this process. */
  watch(groupId: number): void
  /** The group has ended, or may live on. */
  dismiss(): void
}

/** Started before the group is, because starting a process takes milliseconds. */
export function startGuard(): OrphanGuard {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'holdfast-guard'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  // Without a shell, or when it was killed, there is no guard: the hold itself does not need it.
  shell.on('error', () => undefined)
  shell.stdin.on('error', () => undefined)
  shell.unref()
  return {
    watch: (groupId) => void shell.stdin.write(`${groupId}\n`),
    dismiss: () => void shell.stdin.end('done\n'),
  }
}
