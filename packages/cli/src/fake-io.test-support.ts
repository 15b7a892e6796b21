/** The surroundings of a command under test: what it wrote, and signals that it hears. */

import { Readable } from 'node:stream'
import type { Io, Sink, StopSignal } from './io.js'

export class FakeIo implements Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Io['stdin']
  readonly stdout: Sink = { write: (chunk) => this.#out.push(Buffer.from(chunk)) }
  readonly stderr: Sink = { write: (chunk) => this.#err.push(Buffer.from(chunk)) }
  readonly #out: Buffer[] = []
  readonly #err: Buffer[] = []
  readonly #listeners = new Set<{
    readonly signals: readonly StopSignal[]
    readonly listener: (signal: StopSignal) => void
  }>()

  constructor(options: { env?: Record<string, string>; stdin?: string | Uint8Array } = {}) {
    // Commands need the PATH; no setting of whoever runs the tests may leak in.
    this.env = { PATH: process.env['PATH'], ...options.env }
    this.stdin = Readable.from([Buffer.from(options.stdin ?? '')])
  }

  get out(): string {
    return Buffer.concat(this.#out).toString()
  }

  get outBytes(): Uint8Array {
    return Buffer.concat(this.#out)
  }

  get err(): string {
    return Buffer.concat(this.#err).toString()
  }

  onSignal(signals: readonly StopSignal[], listener: (signal: StopSignal) => void): () => void {
    const entry = { signals, listener }
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  /** @throws when the command would have died of it */
  signal(signal: StopSignal): void {
    const heard = [...this.#listeners].filter(({ signals }) => signals.includes(signal))
    if (heard.length === 0) throw new Error(`nobody listens for ${signal}`)
    for (const { listener } of heard) listener(signal)
  }

  get listens(): boolean {
    return this.#listeners.size > 0
  }
}

/** Looks until there is something to see. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() > deadline) throw new Error(`waited in vain: ${look.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
