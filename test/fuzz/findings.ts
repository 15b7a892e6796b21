/** What was wrong, each with what repeats it. */

import type { Answer } from './answer.js'
import type { Input } from './input.js'
import type { StateChange } from './state-check.js'

/** More of them say no more, and a member that is gone would have one for every input. */
const MOST = 20
const SHOWN_CHARACTERS = 4_000

export class Findings {
  violations = 0
  crashes = 0
  /** Answers that no member may give, and lines that it may not write. */
  troubles = 0
  readonly #lines: string[] = []
  readonly #known = new Map<string, number>()

  get areEnough(): boolean {
    return this.crashes > 0 || this.#lines.length >= MOST
  }

  get areNone(): boolean {
    return this.violations + this.crashes + this.troubles === 0
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  /** What is known to be wrong, and how often it may have happened. */
  get known(): ReadonlyMap<string, number> {
    return this.#known
  }

  addAnswer(input: Input, answer: Answer): void {
    const { problem, label } = answer
    if (problem === undefined) return
    this.troubles += 1
    this.#add(`answer ${label}: ${problem}\n${shown(input)}`)
  }

  addChange({ input, label, before, after }: StateChange): void {
    this.violations += 1
    this.#add(`refused (${label}), and changed\n  ${before} to\n  ${after}\n${shown(input)}`)
  }

  addTogether(inputs: readonly Input[]): void {
    this.violations += 1
    const [first] = inputs
    const last = inputs.at(-1)
    this.#add(
      `${inputs.length} refused inputs from ${first?.at ?? 0} to ${last?.at ?? 0} changed the state ` +
        'together, and none of them alone',
    )
  }

  addTrouble(from: number, what: string): void {
    this.troubles += 1
    this.#add(`in the batch from input ${from} on: ${what}`)
  }

  addCrash(from: number, what: string): void {
    this.crashes += 1
    this.#add(`in the batch from input ${from} on: ${what}`)
  }

  addComplaint(from: number, line: string): void {
    this.addTrouble(from, `it wrote: ${line}`)
  }

  /** Counts it, and says whether it is known. */
  addKnown(name: string | undefined): boolean {
    if (name !== undefined) this.#known.set(name, (this.#known.get(name) ?? 0) + 1)
    return name !== undefined
  }

  #add(line: string): void {
    if (this.#lines.length < MOST) this.#lines.push(line)
  }
}

/** Its pieces as JSON, in which each character is a byte. */
function shown({ at, kind, name, pieces }: Input): string {
  const texts = pieces.map((piece) => JSON.stringify(piece.toString('latin1')))
  const text = texts.join('\n    ')
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
  return `  input ${at}, ${kind}, ${name} (--first ${at} --inputs 1):\n    ${cut}`
}
