/**
 * What became of writes whose clients were not told: the ledger says, by their request ids. A history
 * with that in it is judged in no time, where otherwise each lost answer doubles the ways in which it
 * could have been (etcd's robustness tests patch histories with what was persisted, for this).
 */

import { parseRequestId } from '@holdfast/protocol'
import type { OperationRecord } from '../history/operation-record.js'
import { check } from './check.js'
import type { Ledger } from './ledger.js'

export class KnownFates {
  /** By request id: when its effect was first applied anywhere. */
  readonly #effects = new Map<string, number>()
  readonly #ids = new Map<unknown, string>()

  constructor(ledger: Pick<Ledger, 'listen'>) {
    ledger.listen(({ applied, madeRevision, atMs }) => {
      const id = applied?.proposal.requestId?.id
      if (id !== undefined && madeRevision !== undefined) this.#effects.set(id, atMs)
    })
  }

  /** @param input of the operation that was sent under this id, as the header has it */
  sent(input: unknown, requestId: string): void {
    const id = parseRequestId(requestId)?.id
    if (id !== undefined) this.#ids.set(input, id)
  }

  /** The record with what is known of its fate by the end of the run. */
  settle<Record extends OperationRecord<unknown, unknown>>(record: Record): Record {
    const id = this.#ids.get(record.input)
    if (id === undefined) return record
    const effectMs = this.#effects.get(id)
    const { type } = record.outcome
    check(
      type !== 'failed' || effectMs === undefined,
      `${record.process} was told that ${JSON.stringify(record.input)} was not applied, and it was`,
    )
    if (type !== 'unknown') return record
    if (effectMs === undefined) return { ...record, outcome: { type: 'failed' } }
    return { ...record, endMs: effectMs, outcome: { type: 'applied' } }
  }
}
