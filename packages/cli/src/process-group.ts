/**
 * A child process and all that it starts, as one group that is signalled together: a command that was
 * given to a shell is not stopped by stopping the shell.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 25
/** Killed processes vanish at once, unless nobody reaps them or the kernel holds them. */
const VANISH_MS = 1_000

export class ProcessGroup {
  readonly id: number
  /** How the first process of the group ended. The others may still run. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>

  private constructor(id: number, child: ChildProcess) {
    this.id = id
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
  }

  /** @throws what `spawn` reports: `ENOENT`, `EACCES`, … */
  static async start(
    [command = '', ...args]: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<ProcessGroup> {
    // A session of its own makes the child the first of a group whose id is its process id.
    const child = spawn(command, args, { stdio: 'inherit', detached: true, env })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      if (child.pid !== undefined) resolve(new ProcessGroup(child.pid, child))
    })
  }

  /** Whether there was anybody to hear it. */
  signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.id, signal)
    } catch {
      return false
    }
  }

  /** SIGTERM, and SIGKILL for what is still there after a while. Resolves when all of it is gone. */
  async stop(killAfterMs: number): Promise<void> {
    const deadline = performance.now() + killAfterMs
    this.signal('SIGTERM')
    // A process that stands still cannot act on SIGTERM.
    this.signal('SIGCONT')
    while (this.signal(0) && performance.now() < deadline + VANISH_MS) {
      if (performance.now() >= deadline) this.signal('SIGKILL')
      await delay(POLL_MS)
    }
    await this.ended
  }
}
