/** What a history is judged by: the states of a thing, and what each operation does to them. */

import type { OperationRecord } from './operation-record.js'

export interface Model<State, Input, Output> {
  readonly init: State
  /**
   * The states that may follow; none if the operation cannot have this output here. Without an
   * output, those that any answer could leave.
   */
  step(state: State, input: Input, output: Output | undefined): readonly State[]
  /** The same text for equal states, and for no others. */
  keyOf(state: State): string
  /** Whether the input changes nothing in any state; an unknown one need not be placed then. */
  isRead?(input: Input): boolean
  /**
   * If given: the model never allows an operation after one of a higher rank. The search then tries no
   * order that it would have to give up for that.
   */
  rankOf?(input: Input, output: Output): number
  /** Groups that can be judged alone; default one. Valid only if no operation concerns two. */
  partition?(
    records: readonly OperationRecord<Input, Output>[],
  ): readonly (readonly OperationRecord<Input, Output>[])[]
}
