/** What is to happen, by time; what is due at the same time, in the order in which it was asked for. */

export interface QueuedEvent {
  readonly atMs: number
  readonly sequence: number
  /** Undefined when it was cancelled. */
  action: (() => void) | undefined
}

/** A binary heap. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = []
  #sequence = 0

  push(atMs: number, action: () => void): QueuedEvent {
    const event: QueuedEvent = { atMs, sequence: this.#sequence, action }
    this.#sequence += 1
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (isBefore(this.#at(parent), event)) break
      heap[at] = this.#at(parent)
      at = parent
    }
    heap[at] = event
    return event
  }

  /** The next that was not cancelled, if it is due by then; otherwise it stays. */
  pop(untilMs: number): QueuedEvent | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined) return undefined
      if (first.action !== undefined && first.atMs > untilMs) return undefined
      const last = this.#heap.pop()
      if (last !== undefined && first !== last) this.#sink(last)
      if (first.action !== undefined) return first
    }
  }

  #sink(event: QueuedEvent): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(this.#at(child + 1), this.#at(child))) child += 1
      if (isBefore(event, this.#at(child))) break
      heap[at] = this.#at(child)
      at = child
    }
    heap[at] = event
  }

  #at(place: number): QueuedEvent {
    return this.#heap[place] as QueuedEvent
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
