/**
 * The history of a run: every record that a client makes, in memory, with what is still under way.
 * Times are the machine's monotonic clock, which all processes of the run share.
 */

import { HoldfastError } from '@holdfast/client'
import type {
  ContenderRecord,
  DeliveryRecord,
  KvRecord,
  LeaseRecord,
  Outcome,
  PushRecord,
  WatchRecord,
} from '@holdfast/testkit'
import { PROBE_KEY } from './probe-key.js'

export type HistoryRecord =
  KvRecord | ContenderRecord | WatchRecord | PushRecord | DeliveryRecord | LeaseRecord

const NOWHERE: readonly [number, number] = [Infinity, -Infinity]

/** Milliseconds, with a fraction. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

/** What an error says of the effect. What is no error of the SDK's says nothing. */
export function outcomeOf(error: unknown): Exclude<Outcome<never>, { readonly type: 'ok' }> {
  const isDefinite = error instanceof HoldfastError && error.outcome === 'not-applied'
  const told = error instanceof HoldfastError ? `${error.code}: ${error.message}` : String(error)
  return { type: isDefinite ? 'failed' : 'unknown', error: told }
}

export class Recorder {
  readonly records: HistoryRecord[] = []
  /** What went wrong with a client itself. */
  readonly complaints: string[] = []
  #inFlight = 0

  /** Operations that were asked for and not answered yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  add(record: HistoryRecord): void {
    this.records.push(record)
  }

  complain(what: string): void {
    this.complaints.push(what)
  }

  /** Runs an operation and tells its outcome. It never rejects. */
  async track<Output>(operation: () => Promise<Output>): Promise<Outcome<Output>> {
    this.#inFlight += 1
    try {
      return { type: 'ok', output: await operation() }
    } catch (error) {
      return outcomeOf(error)
    } finally {
      this.#inFlight -= 1
    }
  }

  /** Operations of clients of which some part lay within this time. */
  during(fromMs: number, toMs: number): number {
    return this.records.filter((record) => {
      const [start, end] = spanOf(record)
      return start <= toMs && end >= fromMs
    }).length
  }
}

/** What only waits, looks at what another record tells, or is no client's at work, is nowhere. */
function spanOf(record: HistoryRecord): readonly [number, number] {
  if (isProbe(record)) return NOWHERE
  if ('startMs' in record) return [record.startMs, record.endMs ?? Infinity]
  if (record.kind === 'contender') return [record.requestedMs, record.endedMs ?? Infinity]
  if (record.kind === 'delivery') return [record.deliveredMs, record.endedMs ?? Infinity]
  return NOWHERE
}

function isProbe(record: HistoryRecord): boolean {
  return record.kind === 'kv' && record.input.type === 'put' && record.input.key === PROBE_KEY
}
