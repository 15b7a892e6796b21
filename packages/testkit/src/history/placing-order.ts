/**
 * Of the operations that are not placed yet, those that may be next by their rank: where a model allows
 * no operation after one of a higher rank, placing a higher one first is a way that ends nowhere.
 */
export class PlacingOrder {
  readonly #ranks: readonly (number | undefined)[]
  /** Ranked operations, the lowest first. */
  readonly #order: readonly number[]
  readonly #positions = new Map<number, number>()
  readonly #isPlaced: (operation: number) => boolean
  /** Everything before it is placed. */
  #lowest = 0

  /** @param ranks of the operations; those without one may be placed at any time */
  constructor(ranks: readonly (number | undefined)[], isPlaced: (operation: number) => boolean) {
    this.#ranks = ranks
    this.#isPlaced = isPlaced
    const rankOf = (operation: number): number => ranks[operation] ?? 0
    this.#order = [...ranks.keys()]
      .filter((operation) => ranks[operation] !== undefined)
      .sort((a, b) => rankOf(a) - rankOf(b))
    for (const [position, operation] of this.#order.entries()) {
      this.#positions.set(operation, position)
    }
  }

  /** Whether something of a lower rank has to come before it. */
  isTooEarly(operation: number): boolean {
    const rank = this.#ranks[operation]
    if (rank === undefined) return false
    while (this.#isPlaced(this.#order[this.#lowest] ?? operation)) this.#lowest += 1
    return rank > (this.#ranks[this.#order[this.#lowest] ?? operation] ?? rank)
  }

  takenBack(operation: number): void {
    this.#lowest = Math.min(this.#lowest, this.#positions.get(operation) ?? this.#lowest)
  }
}
