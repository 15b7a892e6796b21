/** How inputs of each kind were answered. */

import type { Answer } from './answer.js'
import type { Input, InputKind } from './input.js'

export class Tally {
  readonly #counts = new Map<InputKind, Map<string, number>>()

  /** Answers that leave open whether anything was done: a deadline, or one we did not wait for. */
  unknown = 0

  add({ kind }: Input, { label, verdict }: Answer): void {
    if (verdict === 'unknown') this.unknown += 1
    const counts = this.#counts.get(kind) ?? new Map<string, number>()
    this.#counts.set(kind, counts)
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }

  /** The most frequent answers first. */
  lines(): readonly string[] {
    return [...this.#counts].map(([kind, counts]) => {
      const answers = [...counts].sort(([, a], [, b]) => b - a)
      const total = answers.reduce((sum, [, count]) => sum + count, 0)
      return `${kind}: ${total} (${answers.map(([label, count]) => `${label}: ${count}`).join(', ')})`
    })
  }
}
