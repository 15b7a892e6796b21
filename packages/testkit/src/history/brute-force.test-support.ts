/** Linearizability as it is defined: every order is tried. For histories of a few operations. */

import type { Model } from './model.js'
import type { OperationRecord } from './operation-record.js'

export function isLinearizableByBruteForce<State, Input, Output>(
  history: readonly OperationRecord<Input, Output>[],
  model: Model<State, Input, Output>,
): boolean {
  const canBeEndedFrom = (
    state: State,
    rest: readonly OperationRecord<Input, Output>[],
  ): boolean => {
    const answered = rest.filter(({ outcome }) => outcome.type === 'ok')
    if (answered.length === 0) return true
    const firstEnd = Math.min(...answered.map(({ endMs }) => endMs ?? Infinity))
    return rest.some((record) => {
      if (record.startMs > firstEnd) return false
      const output = record.outcome.type === 'ok' ? record.outcome.output : undefined
      const others = rest.filter((other) => other !== record)
      return model.step(state, record.input, output).some((next) => canBeEndedFrom(next, others))
    })
  }
  return canBeEndedFrom(
    model.init,
    history.filter(({ outcome }) => outcome.type !== 'failed'),
  )
}
