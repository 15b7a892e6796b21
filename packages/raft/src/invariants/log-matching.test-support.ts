/**
 * Log Matching (Raft, Figure 3, §5.3): index and term name one entry with one predecessor, so by
 * induction one prefix, in whatever log they are found.
 */

import type { Entry } from '../entry.js'
import { check, dataOf, isSame, type ObservedMember } from './observed-member.test-support.js'

/** Above every term of a run, so that index and term make one number. */
const TERMS = 1_000_000

export class LogMatching {
  readonly #seen = new Map<number, { readonly entry: Entry; readonly previousTerm: number }>()
  readonly #commands = new Set<string>()

  onAppend({ volatileLog }: ObservedMember, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const previousTerm = volatileLog[entry.index - 2]?.term ?? 0
      const key = entry.index * TERMS + entry.term
      const known = this.#seen.get(key)
      if (known === undefined) {
        this.#seen.set(key, { entry, previousTerm })
        this.#commands.add(dataOf(entry))
        continue
      }
      check(
        known.previousTerm === previousTerm && isSame(known.entry, entry),
        `two entries at index ${entry.index} in term ${entry.term}: ` +
          `${dataOf(known.entry)} after term ${known.previousTerm}, ` +
          `${dataOf(entry)} after term ${previousTerm}`,
      )
    }
  }

  /** What was refused was appended nowhere. */
  checkRefused(command: string): void {
    check(!this.#commands.has(command), `refused but appended: ${command}`)
  }
}
