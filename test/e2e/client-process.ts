/** A client as a process of its own, whose lines are collected as they come. */

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Where the programs are, whether this is run as it is or compiled. */
const COMPILED = new URL(
  import.meta.url.includes('/dist/') ? './' : '../dist/e2e/',
  import.meta.url,
)

export interface ClientExit {
  readonly code: number | null
  readonly lines: readonly string[]
  /** What it wrote to standard error. */
  readonly errors: readonly string[]
}

export class ClientProcess {
  readonly lines: string[] = []
  readonly #errors: string[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<ClientExit>

  /** @param program a compiled file beside this one */
  constructor(program: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(program, COMPILED))
    const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line))
    createInterface({ input: child.stderr }).on('line', (line) => this.#errors.push(line))
    this.#exited = new Promise((resolve) => {
      child.once('close', (code) => {
        resolve({ code, lines: this.lines, errors: this.#errors })
      })
    })
  }

  /** Asks it to end by ending its input, and waits for it. */
  end(): Promise<ClientExit> {
    this.#child.stdin?.end()
    return this.#exited
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** SIGSTOP: it stands still, and does not know it afterwards. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
