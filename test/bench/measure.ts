/**
 * One cell, in the driver's process: a closed loop. So many workers as operations shall be in flight,
 * each starting its next operation when the last one is answered. The workers run through the warm-up
 * and the measured window without a pause; what is answered inside the window counts. A failed
 * operation is counted and never recorded as a latency.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { CellFigures, CellRequest } from './driver-protocol.js'
import { LatencyRecord } from './latency-record.js'

export type Operation = (worker: number) => Promise<void>

/** Called at the ends of the window, and before anything that costs CPU time after it. */
export interface WindowEvents {
  readonly warm: () => void
  readonly ended: () => void
}

// A server that is down must not be asked in a hot loop.
const ERROR_PAUSE_MS = 20
const MAX_MESSAGES = 3

export async function measure(
  operation: Operation,
  request: Pick<CellRequest, 'inFlight' | 'warmUpSeconds' | 'seconds'>,
  events: WindowEvents,
): Promise<CellFigures> {
  const window = new MeasuredWindow()
  const workers = Array.from({ length: request.inFlight }, (_, worker) =>
    work(operation, worker, window),
  )
  await delay(request.warmUpSeconds * 1_000)
  window.open()
  events.warm()
  await delay(request.seconds * 1_000)
  window.close()
  events.ended()
  await Promise.all(workers)
  return window.figures()
}

async function work(operation: Operation, worker: number, window: MeasuredWindow): Promise<void> {
  while (!window.closed) {
    const start = performance.now()
    try {
      await operation(worker)
      window.succeeded(performance.now() - start)
    } catch (error) {
      window.failed(error)
      await delay(ERROR_PAUSE_MS)
    }
  }
}

class MeasuredWindow {
  closed = false
  #opened = false
  #openedAt = 0
  #elapsedSeconds = 0
  #errors = 0
  readonly #latencies = new LatencyRecord()
  readonly #messages = new Set<string>()

  open(): void {
    this.#opened = true
    this.#openedAt = performance.now()
  }

  close(): void {
    this.closed = true
    this.#elapsedSeconds = (performance.now() - this.#openedAt) / 1_000
  }

  succeeded(ms: number): void {
    if (this.#opened && !this.closed) this.#latencies.add(ms)
  }

  failed(error: unknown): void {
    this.#errors += 1
    if (this.#messages.size < MAX_MESSAGES) this.#messages.add(messageOf(error))
  }

  figures(): CellFigures {
    return {
      ops: this.#latencies.count,
      elapsedSeconds: this.#elapsedSeconds,
      p50Ms: this.#latencies.percentile(0.5),
      p99Ms: this.#latencies.percentile(0.99),
      errors: this.#errors,
      errorMessages: [...this.#messages],
    }
  }
}

export function messageOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.replaceAll(/\s+/g, ' ').slice(0, 160)
}
