/**
 * Which operations have been placed, as bits, with a text that is equal for equal sets. Operations
 * are numbered in the order of their calls, so nearly all that are placed come before the first
 * which is not: the text leaves those out, and stays short however long the history is.
 */

const WORD_BITS = 32

export class LinearizedSet {
  readonly #words: Uint32Array
  /** All words before this one are full. */
  #full = 0
  #size = 0

  constructor(capacity: number) {
    this.#words = new Uint32Array(Math.ceil(capacity / WORD_BITS) + 1)
  }

  get size(): number {
    return this.#size
  }

  has(index: number): boolean {
    return (this.#word(index) & bit(index)) !== 0
  }

  add(index: number): void {
    this.#words[index >>> 5] = this.#word(index) | bit(index)
    this.#size += 1
    while (this.#words[this.#full] === 0xffffffff) this.#full += 1
  }

  delete(index: number): void {
    this.#words[index >>> 5] = this.#word(index) & ~bit(index)
    this.#size -= 1
    this.#full = Math.min(this.#full, index >>> 5)
  }

  text(): string {
    let text = `${this.#full}`
    let seen = this.#full * WORD_BITS
    for (let at = this.#full; seen < this.#size; at += 1) {
      const word = this.#words[at] ?? 0
      seen += ones(word)
      text += `.${word.toString(36)}`
    }
    return text
  }

  #word(index: number): number {
    return this.#words[index >>> 5] ?? 0
  }
}

function bit(index: number): number {
  return 1 << (index & 31)
}

function ones(word: number): number {
  let rest = word
  let count = 0
  for (; rest !== 0; count += 1) rest &= rest - 1
  return count
}
