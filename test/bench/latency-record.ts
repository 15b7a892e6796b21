/**
 * Every latency of a window, exactly: numbers in one typed array, sorted once when somebody asks. It
 * is allocated before the window opens and doubles if the guess was too low, so recording costs the
 * client no garbage.
 */

export class LatencyRecord {
  #values: Float64Array
  #count = 0
  #sorted = true

  constructor(expected = 1 << 18) {
    this.#values = new Float64Array(Math.max(1, expected))
  }

  get count(): number {
    return this.#count
  }

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#count] = ms
    this.#count += 1
    this.#sorted = false
  }

  /**
   * The smallest recorded value that at least this share of all values does not exceed ("nearest
   * rank"); `quantile` lies in (0, 1]. Undefined when nothing was recorded.
   */
  percentile(quantile: number): number | undefined {
    if (this.#count === 0) return undefined
    if (!this.#sorted) {
      this.#values.subarray(0, this.#count).sort()
      this.#sorted = true
    }
    const rank = Math.max(1, Math.ceil(quantile * this.#count))
    return this.#values[rank - 1]
  }
}
