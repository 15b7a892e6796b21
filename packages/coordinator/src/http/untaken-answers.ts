/**
 * Whole answers that their clients have not taken yet. Each may be large, and of the many who may be
 * connected none need be quick; together they may hold only so much (catalogue 87). Beyond that, who has
 * kept one waiting for longest loses its connection.
 */

/** Half of what V8 gives a heap on a small machine; 128 MiB of one read are a third more in base64. */
export const MAX_UNTAKEN_BYTES = 512 * 1024 * 1024
/** Less is not worth the counting: with every connection there may be, it makes no tenth of the limit. */
const SMALL_BYTES = 4 * 1024

export class UntakenAnswers {
  readonly #maxBytes: number
  /** The oldest first. */
  readonly #waiting = new Set<{ readonly bytes: number; readonly cut: () => void }>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Returns what to call when it has been taken, or never will be. */
  add(bytes: number, cut: () => void): () => void {
    if (bytes < SMALL_BYTES) return () => undefined
    const answer = { bytes, cut }
    this.#waiting.add(answer)
    this.#bytes += bytes
    const remove = (): void => {
      if (this.#waiting.delete(answer)) this.#bytes -= bytes
    }
    this.#makeRoom()
    return remove
  }

  #makeRoom(): void {
    for (const answer of this.#waiting) {
      if (this.#bytes <= this.#maxBytes) return
      this.#waiting.delete(answer)
      this.#bytes -= answer.bytes
      answer.cut()
    }
  }
}
