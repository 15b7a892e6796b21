/**
 * The search of Wing, Gong and Lowe for one partition, as Porcupine does it: calls and answers in a
 * doubly linked list in the order of time; an operation whose call comes before the first answer may
 * be next; to place it lifts both its entries out, to take it back puts them in again; what was
 * tried with the same operations placed and in the same state is not tried again.
 *
 * Deviations: what the model ranks is tried in the order of its ranks. Operations with unknown
 * outcomes are not in the list: they have no answer that would force them, and are tried only when
 * nothing else fits, so that a history with many of them costs little as long as their effects are
 * seen or not needed.
 */

import { LinearizedSet } from './linearized-set.js'
import type { Model } from './model.js'
import type { OperationRecord } from './operation-record.js'
import { PlacingOrder } from './placing-order.js'
import { NO_STATE, StateSets } from './state-sets.js'

export interface SearchResult<Input, Output> {
  readonly verdict: 'linearizable' | 'notLinearizable' | 'timedOut'
  /** The most operations that could be placed, in their order. */
  readonly longest: readonly OperationRecord<Input, Output>[]
  /** One of these had to follow, and none could. */
  readonly unplaced: readonly OperationRecord<Input, Output>[]
}

/** The end of the list, and before its first entry. */
const HEAD = 0

const STEPS_BETWEEN_CLOCK_READS = 1024

export class LinearizationSearch<State, Input, Output> {
  /** First those with an answer, then the unknown ones, each in the order of their calls. */
  readonly #operations: readonly OperationRecord<Input, Output>[]
  readonly #answered: number
  readonly #sets: StateSets<State, Input, Output>
  readonly #placed: LinearizedSet
  /** Which unknown ones are placed, with a text of its own that stays short. */
  readonly #placedUnknown: LinearizedSet
  readonly #tried = new Set<string>()
  readonly #order: PlacingOrder
  /** Entry 2n+1 is the call of operation n, entry 2n+2 its answer. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #stack: { readonly operation: number; readonly before: number }[] = []
  #set: number
  #longest: readonly number[] = []
  /** Unknown ones do not count: they can nearly always be placed. */
  #placedInLongest = -1
  #unplaced: readonly number[] = []

  constructor(
    records: readonly OperationRecord<Input, Output>[],
    model: Model<State, Input, Output>,
  ) {
    const inOrder = [...records].sort((a, b) => a.startMs - b.startMs)
    const answered = inOrder.filter(({ outcome }) => outcome.type !== 'unknown')
    const unknown = inOrder.filter(({ outcome }) => outcome.type === 'unknown')
    this.#operations = [...answered, ...unknown]
    this.#answered = answered.length
    this.#sets = new StateSets(model)
    this.#set = this.#sets.initial
    this.#placed = new LinearizedSet(answered.length)
    this.#placedUnknown = new LinearizedSet(unknown.length)
    this.#next = new Int32Array(2 * answered.length + 1)
    this.#previous = new Int32Array(2 * answered.length + 1)
    this.#order = new PlacingOrder(
      answered.map(({ input, outcome }) =>
        outcome.type === 'ok' ? model.rankOf?.(input, outcome.output) : undefined,
      ),
      (operation) => this.#placed.has(operation),
    )
    this.#link()
  }

  run(timeLimitMs: number): SearchResult<Input, Output> {
    const deadline = performance.now() + timeLimitMs
    let candidate = this.#firstCandidate()
    for (let steps = 1; this.#next[HEAD] !== HEAD; steps += 1) {
      if (steps % STEPS_BETWEEN_CLOCK_READS === 0 && performance.now() > deadline) {
        this.#remember()
        return this.#result('timedOut')
      }
      if (candidate === undefined) {
        this.#remember()
        const last = this.#stack.pop()
        if (last === undefined) return this.#result('notLinearizable')
        this.#takeBack(last.operation, last.before)
        candidate = this.#candidateAfter(last.operation)
      } else if (this.#place(candidate)) {
        candidate = this.#firstCandidate()
      } else {
        candidate = this.#candidateAfter(candidate)
      }
    }
    return this.#result('linearizable')
  }

  /** Entries in the order of time. At the same time calls come first: equal times are concurrent. */
  #link(): void {
    const timeOf = (entry: number): number => {
      const record = this.#operations[(entry - 1) >>> 1]
      return (isCall(entry) ? record?.startMs : record?.endMs) ?? Infinity
    }
    const entries = Array.from({ length: 2 * this.#answered }, (_, index) => index + 1)
    const times = new Float64Array([0, ...entries.map(timeOf)])
    entries.sort(
      (a, b) => (times[a] ?? 0) - (times[b] ?? 0) || Number(isCall(b)) - Number(isCall(a)) || a - b,
    )
    let last = HEAD
    for (const entry of [...entries, HEAD]) {
      this.#next[last] = entry
      this.#previous[entry] = last
      last = entry
    }
  }

  /** False if no state allows it, or if it has been tried. */
  #place(operation: number): boolean {
    const record = this.#operations[operation]
    if (record === undefined || this.#order.isTooEarly(operation)) return false
    const next = this.#sets.step(this.#set, operation, record)
    if (next === NO_STATE) return false
    // To leave out an unknown one is always allowed, so one that changes nothing is of no use.
    if (operation >= this.#answered && next === this.#set) return false
    this.#mark(operation, true)
    const name = `${next}/${this.#placed.text()}/${this.#placedUnknown.text()}`
    if (this.#tried.has(name)) {
      this.#mark(operation, false)
      return false
    }
    this.#tried.add(name)
    this.#stack.push({ operation, before: this.#set })
    this.#set = next
    if (operation < this.#answered) this.#lift(operation)
    return true
  }

  #takeBack(operation: number, before: number): void {
    if (operation < this.#answered) this.#unlift(operation)
    this.#mark(operation, false)
    this.#order.takenBack(operation)
    this.#set = before
  }

  #mark(operation: number, isPlaced: boolean): void {
    const isAnswered = operation < this.#answered
    const set = isAnswered ? this.#placed : this.#placedUnknown
    const index = isAnswered ? operation : operation - this.#answered
    if (isPlaced) set.add(index)
    else set.delete(index)
  }

  #firstCandidate(): number | undefined {
    return this.#candidateAt(this.#next[HEAD] ?? HEAD)
  }

  #candidateAfter(operation: number): number | undefined {
    if (operation >= this.#answered) return this.#unknownFrom(operation + 1)
    return this.#candidateAt(this.#next[callOf(operation)] ?? HEAD)
  }

  #candidateAt(entry: number): number | undefined {
    return isCall(entry) ? (entry - 1) >>> 1 : this.#unknownFrom(this.#answered)
  }

  /** An unknown one may be next if it was called before the answer that comes first. */
  #unknownFrom(start: number): number | undefined {
    const limit = this.#firstAnswerMs()
    for (let at = start; at < this.#operations.length; at += 1) {
      if ((this.#operations[at]?.startMs ?? Infinity) > limit) return undefined
      if (!this.#placedUnknown.has(at - this.#answered)) return at
    }
    return undefined
  }

  #firstAnswerMs(): number {
    let entry = this.#next[HEAD] ?? HEAD
    while (isCall(entry)) entry = this.#next[entry] ?? HEAD
    return this.#operations[(entry - 1) >>> 1]?.endMs ?? Infinity
  }

  #lift(operation: number): void {
    this.#cut(callOf(operation))
    this.#cut(callOf(operation) + 1)
  }

  #unlift(operation: number): void {
    this.#restore(callOf(operation) + 1)
    this.#restore(callOf(operation))
  }

  #cut(entry: number): void {
    const [before, after] = [this.#previous[entry] ?? HEAD, this.#next[entry] ?? HEAD]
    this.#next[before] = after
    this.#previous[after] = before
  }

  #restore(entry: number): void {
    this.#next[this.#previous[entry] ?? HEAD] = entry
    this.#previous[this.#next[entry] ?? HEAD] = entry
  }

  /** Called where the search turns back: is this the furthest that it came? */
  #remember(): void {
    if (this.#placed.size <= this.#placedInLongest) return
    this.#placedInLongest = this.#placed.size
    const placed = this.#stack.map(({ operation }) => operation)
    // Unknown ones at the end made nothing possible.
    const end = placed.findLastIndex((operation) => operation < this.#answered) + 1
    this.#longest = placed.slice(0, end)
    const unplaced: number[] = []
    let entry = this.#next[HEAD] ?? HEAD
    for (; isCall(entry); entry = this.#next[entry] ?? HEAD) unplaced.push((entry - 1) >>> 1)
    const limit = this.#firstAnswerMs()
    const counted = new Set(this.#longest)
    for (let at = this.#answered; at < this.#operations.length; at += 1) {
      const isLate = (this.#operations[at]?.startMs ?? Infinity) > limit
      if (!isLate && !counted.has(at)) unplaced.push(at)
    }
    this.#unplaced = unplaced
  }

  #result(verdict: SearchResult<Input, Output>['verdict']): SearchResult<Input, Output> {
    const recordsOf = (operations: readonly number[]) =>
      operations.flatMap((operation) => this.#operations[operation] ?? [])
    if (verdict === 'linearizable') {
      return { verdict, longest: recordsOf(this.#stack.map((f) => f.operation)), unplaced: [] }
    }
    return { verdict, longest: recordsOf(this.#longest), unplaced: recordsOf(this.#unplaced) }
  }
}

function isCall(entry: number): boolean {
  return (entry & 1) === 1
}

function callOf(operation: number): number {
  return 2 * operation + 1
}
