/**
 * Large reads are made one in a turn of the event loop. Many that waited for the same confirmation of the
 * leader would else all be made before the first leaves, and before anybody is cut off to make room for
 * them (untaken-answers.ts, catalogue 87).
 */

import type { OperationResult } from '../state-machine/outcome.js'
import type { Clock } from '../time/clock.js'

const LARGE_BYTES = 1024 * 1024

export class LargeReads {
  readonly #clock: Clock
  /** Over when what was made last has had the time to leave. */
  #turn: Promise<void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Makes a read when it is its turn. @param bytesOf what was made, about what it is in an answer */
  async make<Result>(read: () => Result, bytesOf: (result: Result) => number): Promise<Result> {
    while (this.#turn !== undefined) await this.#turn
    const result = read()
    if (bytesOf(result) >= LARGE_BYTES) this.#turn = this.#nextTurn()
    return result
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.afterPoll(() => {
        this.#turn = undefined
        resolve()
      })
    })
  }
}

/** Of the keys and values in it. */
export function bytesOfResult(result: OperationResult): number {
  switch (result.type) {
    case 'range':
      return sum(result.kvs.map(({ key, value }) => key.byteLength + value.byteLength))
    case 'txn':
      return sum(result.responses.map(bytesOfResult))
    case 'put':
    case 'deleteRange':
      return 0
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0)
