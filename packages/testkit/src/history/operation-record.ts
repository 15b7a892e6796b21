/**
 * What one client asked for and what it was told: one line of a history. A simulation and a run of
 * real processes write the same lines, so the same checkers judge both.
 *
 * Times are milliseconds of one monotonic clock that all processes of the run share, virtual or real.
 * Equal times count as concurrent; a simulation in which several things happen in one millisecond
 * and which wants their order judged adds a fraction to each.
 *
 * Keys and values are strings in which every character stands for one byte (latin1), so that `<`
 * orders them as bytes.
 */

export type Outcome<Output> =
  | { readonly type: 'ok'; readonly output: Output }
  /** It certainly had no effect. */
  | { readonly type: 'failed'; readonly error?: string }
  /** It may take effect at any time after its start, or never. */
  | { readonly type: 'unknown'; readonly error?: string }
  /**
   * It took effect before its `endMs`, and its answer was lost. Only who has seen the log can say so
   * (etcd's robustness tests: histories that are patched with what was persisted).
   */
  | { readonly type: 'applied' }

export interface OperationRecord<Input, Output, Kind extends string = string> {
  /** A logical client, which does one thing at a time. */
  readonly process: string
  /** What the operation is about; a file may hold records of several kinds. */
  readonly kind: Kind
  readonly startMs: number
  /** Absent if the client was never told anything, or did not live to see it. */
  readonly endMs?: number
  readonly input: Input
  readonly outcome: Outcome<Output>
}

/** The operation as a report shows it, on one line. */
export function describeRecord(record: OperationRecord<unknown, unknown>): string {
  const { process, kind, startMs, endMs, input, outcome } = record
  const said = outcome.type === 'ok' ? JSON.stringify(outcome.output) : outcome.type
  return `${process} ${kind} ${JSON.stringify(input)} → ${said} [${startMs}–${endMs ?? '∞'} ms]`
}
