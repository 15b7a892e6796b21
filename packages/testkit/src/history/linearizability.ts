/**
 * Whether one order explains a history: each operation takes effect at one moment between its call
 * and its answer, and every answer is what the model says (Herlihy and Wing 1990). Trusts nothing
 * but what clients saw.
 *
 * Sources: Wing and Gong 1993; Lowe, "Testing for linearizability" (2017); Horn and Kroening,
 * "Faster linearizability checking via P-compositionality" (2015); Porcupine, which this follows.
 *
 * A failed operation had no effect and says nothing; one whose outcome is unknown may be placed
 * anywhere after its call, or nowhere. A search that takes too long is a violation of its own: what
 * was not checked is not fine.
 */

import type { Model } from './model.js'
import { describeRecord, type OperationRecord } from './operation-record.js'
import type { Violation } from './violation.js'
import { LinearizationSearch } from './wgl-search.js'

export interface LinearizabilityOptions {
  /** For each partition. Default 30 s. */
  readonly timeLimitMs?: number
}

export interface NotLinearizable<Input, Output> extends Violation<
  'notLinearizable' | 'timedOut',
  OperationRecord<Input, Output>
> {
  /** The most operations that could be placed, in their order; `records` could not follow them. */
  readonly longest: readonly OperationRecord<Input, Output>[]
}

export function checkLinearizability<State, Input, Output>(
  history: readonly OperationRecord<Input, Output>[],
  model: Model<State, Input, Output>,
  { timeLimitMs = 30_000 }: LinearizabilityOptions = {},
): readonly NotLinearizable<Input, Output>[] {
  const partitions = model.partition?.(history) ?? [history]
  return partitions.flatMap((partition) => {
    const toPlace = partition.filter(({ outcome, input }) => {
      if (outcome.type === 'unknown') return model.isRead?.(input) !== true
      return outcome.type !== 'failed'
    })
    const result = new LinearizationSearch(toPlace, model).run(timeLimitMs)
    if (result.verdict === 'linearizable') return []
    const { verdict, longest, unplaced } = result
    const told = unplaced.slice(0, 3).map(describeRecord).join('; ')
    const problem =
      verdict === 'timedOut'
        ? `no verdict within ${timeLimitMs} ms on ${toPlace.length} operations`
        : `no order explains the ${toPlace.length} operations`
    const message = `${problem}: after ${longest.length} none can follow of: ${told}`
    return [{ kind: verdict, message, records: unplaced, longest }]
  })
}
