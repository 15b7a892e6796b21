/** Writes a history down: what was asked is on record before it is answered, whatever comes then. */

import { HoldfastError } from '@holdfast/protocol'
import type { OperationRecord } from '../history/operation-record.js'

export class Recorder<Input, Output, Kind extends string> {
  readonly records: OperationRecord<Input, Output, Kind>[] = []
  readonly #kind: Kind
  readonly #nowMs: () => number

  /** @param nowMs one clock for all processes of the run */
  constructor(kind: Kind, nowMs: () => number) {
    this.#kind = kind
    this.#nowMs = nowMs
  }

  /**
   * What the operation gave; undefined if it failed, of which the record then says whether it may have
   * had an effect.
   */
  async record(
    process: string,
    input: Input,
    operation: () => Promise<Output>,
  ): Promise<Output | undefined> {
    const begun = { process, kind: this.#kind, startMs: this.#nowMs(), input }
    const at = this.records.push({ ...begun, outcome: { type: 'unknown' } }) - 1
    const end = (outcome: OperationRecord<Input, Output, Kind>['outcome']): void => {
      this.records[at] = { ...begun, endMs: this.#nowMs(), outcome }
    }
    try {
      const output = await operation()
      end({ type: 'ok', output })
      return output
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      const type = error.outcome === 'not-applied' ? 'failed' : 'unknown'
      end({ type, error: error.message })
      return undefined
    }
  }
}
