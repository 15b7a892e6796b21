/**
 * The sets of states that a model may be in, as small numbers: an unknown outcome can leave more than
 * one (Porcupine: NondeterministicModel). Every step is computed once, however often the search
 * comes back to it.
 */

import type { Model } from './model.js'
import type { OperationRecord } from './operation-record.js'

/** The number of the empty set: no state explains what was seen. */
export const NO_STATE = 0

export class StateSets<State, Input, Output> {
  readonly #model: Model<State, Input, Output>
  readonly #states: State[] = []
  readonly #idOfState = new Map<string, number>()
  readonly #sets: (readonly number[])[] = [[]]
  readonly #idOfSet = new Map<string, number>([['', NO_STATE]])
  readonly #steps = new Map<string, number>()
  readonly initial: number

  constructor(model: Model<State, Input, Output>) {
    this.#model = model
    this.initial = this.#intern([model.init])
  }

  /** `name` tells the operation from all others. */
  step(set: number, name: number, { input, outcome }: OperationRecord<Input, Output>): number {
    const key = `${set}/${name}`
    const known = this.#steps.get(key)
    if (known !== undefined) return known
    const output = outcome.type === 'ok' ? outcome.output : undefined
    const next = (this.#sets[set] ?? []).flatMap((id) => {
      const state = this.#states[id] as State
      return this.#model.step(state, input, output)
    })
    const result = this.#intern(next)
    this.#steps.set(key, result)
    return result
  }

  #intern(states: readonly State[]): number {
    const ids = [...new Set(states.map((state) => this.#internState(state)))].sort((a, b) => a - b)
    const key = ids.join()
    const known = this.#idOfSet.get(key)
    if (known !== undefined) return known
    this.#idOfSet.set(key, this.#sets.length)
    return this.#sets.push(ids) - 1
  }

  #internState(state: State): number {
    const key = this.#model.keyOf(state)
    const known = this.#idOfState.get(key)
    if (known !== undefined) return known
    this.#idOfState.set(key, this.#states.length)
    return this.#states.push(state) - 1
  }
}
