/** The surroundings of a command under test: what it wrote, and signals that it hears. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { startCoordinator } from '@holdfast/coordinator'
import type { Io, Sink, StopSignal } from './io.js'
import { run } from './run.js'

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

/** A member in this process that commands can talk to. */
export async function startTarget(): Promise<{
  readonly url: string
  /** Runs a command to its end. */
  readonly cli: (...args: readonly string[]) => Promise<Ran>
  /** Starts a command that is told to stop by its `io`. */
  readonly begin: (...args: readonly string[]) => {
    readonly io: FakeIo
    readonly exit: Promise<number>
  }
  readonly close: () => Promise<void>
}> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-cli-'))
  const coordinator = await startCoordinator({
    dataDirectory: directory,
    clientUrl: 'http://127.0.0.1:0',
    peerUrl: 'http://127.0.0.1:0',
  })
  const url = coordinator.clientUrl
  const begin = (...args: readonly string[]): { io: FakeIo; exit: Promise<number> } => {
    const io = new FakeIo({ env: { HOLDFAST_ENDPOINTS: url } })
    return { io, exit: run(args, io) }
  }
  return {
    url,
    begin,
    cli: async (...args) => {
      const { io, exit } = begin(...args)
      return { exit: await exit, out: io.out, err: io.err, outBytes: io.outBytes }
    },
    close: async () => {
      await coordinator.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
  readonly outBytes: Uint8Array
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
