/** A client process of the demo. It prints a JSON line for each thing that happened to it. */

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A worker's line: what happened, and when by the machine's monotonic clock. */
export interface WorkerEvent {
  readonly event: string
  readonly atNs: bigint
  readonly token?: number
  readonly job?: number
  readonly attempt?: number
}

export interface WorkerOptions {
  readonly name: string
  /** A compiled file beside this one. */
  readonly program: string
  readonly endpoints: readonly string[]
  readonly onEvent: (worker: Worker, event: WorkerEvent) => void
}

export class Worker {
  readonly name: string
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>

  constructor(options: WorkerOptions) {
    this.name = options.name
    const path = fileURLToPath(new URL(options.program, import.meta.url))
    const child = spawn(process.execPath, [path, options.name, ...options.endpoints], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      options.onEvent(this, decodeEvent(line))
    })
    this.#exited = new Promise((resolve) => child.once('close', resolve))
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Ends its input, upon which it gives back what it holds and leaves. True if all went well. */
  async end(): Promise<boolean> {
    this.#child.stdin?.end()
    return (await this.#exited) === 0
  }
}

/** For a worker's side: prints what happened. */
export function report(
  event: string,
  details: { token?: number; job?: number; attempt?: number } = {},
): void {
  console.log(JSON.stringify({ event, atNs: process.hrtime.bigint().toString(), ...details }))
}

/** For a worker's side: aborts when the demo ends its input. */
export function endOfInput(): AbortSignal {
  const ended = new AbortController()
  process.stdin.resume()
  process.stdin.once('end', () => ended.abort())
  return ended.signal
}

function decodeEvent(line: string): WorkerEvent {
  const event = JSON.parse(line) as Omit<WorkerEvent, 'atNs'> & { atNs: string }
  return { ...event, atNs: BigInt(event.atNs) }
}
