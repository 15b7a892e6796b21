/** One member as a process of its own: started, killed with -9, paused, started again. */

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

export interface MemberProcessOptions {
  readonly name: string
  readonly clientUrl: string
  readonly command: string
  readonly args: readonly string[]
  /** In addition to this process's own. */
  readonly env?: Readonly<Record<string, string>>
  /** What it writes goes here, run after run. */
  readonly logFile: string
}

/** How a process ended: by itself with a code, or by a signal. */
export interface MemberExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class MemberProcess {
  readonly name: string
  readonly clientUrl: string
  readonly #options: MemberProcessOptions
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  readonly #exits: MemberExit[] = []

  constructor(options: MemberProcessOptions) {
    this.name = options.name
    this.clientUrl = options.clientUrl
    this.#options = options
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Of each run that has ended. */
  get exits(): readonly MemberExit[] {
    return this.#exits
  }

  start(): void {
    if (this.#child !== undefined) throw new Error(`${this.name} is running already`)
    const log = openSync(this.#options.logFile, 'a')
    const { command, args, env } = this.#options
    const child = spawn(command, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    })
    closeSync(log)
    this.#child = child
    this.#exited = new Promise((resolve) => {
      const onEnd = (exit: MemberExit): void => {
        if (this.#child === child) this.#child = undefined
        this.#exits.push(exit)
        resolve()
      }
      child.once('exit', (code, signal) => onEnd({ code, signal }))
      child.once('error', () => onEnd({ code: null, signal: null }))
    })
  }

  /** `kill -9`: no warning, no clean-up. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** Asks it to end in order. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#child?.kill('SIGCONT')
    this.#child?.kill('SIGTERM')
    await this.#exited
  }

  /** SIGSTOP: the process stands still and its connections stay open. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Resolves when the present run has ended, however. */
  ended(): Promise<void> {
    return this.#exited
  }

  /** Everything that it has written. */
  output(): string {
    return readFileSync(this.#options.logFile, 'utf8')
  }
}
