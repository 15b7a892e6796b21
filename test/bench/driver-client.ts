/**
 * The bench's side of a driver's process: starts it, asks for one cell at a time, and never waits for
 * ever. A driver that dies or falls silent fails the cell with what it last wrote to standard error.
 */

import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import {
  parseDriverEvent,
  type CellFigures,
  type CellRequest,
  type DriverEvent,
} from './driver-protocol.js'
import type { WindowEvents } from './measure.js'

export interface DriverCommand {
  readonly command: string
  readonly args: readonly string[]
}

// Beyond the seconds that were asked for: connecting, the last operations, sorting the latencies.
const PATIENCE_MS = 30_000
const STDERR_KEPT = 2_000

export class DriverClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #events: DriverEvent[] = []
  #stderr = ''
  #ended = false
  #wake: () => void = () => undefined

  private constructor({ command, args }: DriverCommand) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT)
    })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const event = parseDriverEvent(line)
      if (event === undefined) return
      this.#events.push(event)
      this.#wake()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake()
    }
    this.#child.once('error', end).once('close', end)
    // Writing to a driver that has died fails on the stream; the end of the process tells why.
    this.#child.stdin.on('error', () => undefined)
  }

  static async start(command: DriverCommand): Promise<DriverClient> {
    const driver = new DriverClient(command)
    try {
      await driver.#next('ready', PATIENCE_MS)
      return driver
    } catch (error) {
      await driver.kill()
      throw error
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get ended(): boolean {
    return this.#ended
  }

  async measure(request: CellRequest, events?: WindowEvents): Promise<CellFigures> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    await this.#next('warm', request.warmUpSeconds * 1_000 + PATIENCE_MS)
    events?.warm()
    await this.#next('ended', request.seconds * 1_000 + PATIENCE_MS)
    events?.ended()
    return (await this.#next('measured', PATIENCE_MS)).figures
  }

  /** Lets it close its connections, and kills it if that takes too long. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS)
    await once(this.#child, 'close')
    clearTimeout(timer)
  }

  async kill(): Promise<void> {
    if (this.#ended) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'close')
  }

  async #next<Name extends DriverEvent['event']>(
    name: Name,
    timeoutMs: number,
  ): Promise<Extract<DriverEvent, { event: Name }>> {
    const event = this.#events.shift() ?? (await this.#arrival(name, timeoutMs))
    if (event.event === 'failed') throw new Error(event.message)
    if (event.event !== name) throw new Error(`the driver said ${event.event} instead of ${name}`)
    return event as Extract<DriverEvent, { event: Name }>
  }

  async #arrival(name: string, timeoutMs: number): Promise<DriverEvent> {
    const deadline = performance.now() + timeoutMs
    while (!this.#ended) {
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`the driver did not say ${name} within ${timeoutMs} ms`)
      await this.#wakeOrTimeout(left)
      const event = this.#events.shift()
      if (event !== undefined) return event
    }
    throw new Error(`the driver ended before it said ${name}: ${lastLine(this.#stderr)}`)
  }

  #wakeOrTimeout(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  // Node ends what it says about an uncaught error with its version; the error stands above.
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? 'it said nothing'
}
