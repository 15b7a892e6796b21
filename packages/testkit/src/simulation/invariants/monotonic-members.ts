/**
 * What a member knows never goes back while it runs: term, commit index, applied index, revision
 * (Raft §5.1; catalogue 16). What it has told others not even over a restart: see
 * `acknowledged-is-durable.ts`.
 */

import { check } from '../check.js'
import type { Observer, SimulatedMember } from '../simulated-member.js'

interface Seen {
  readonly term: number
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly revision: number
}

const NOTHING: Seen = { term: 0, commitIndex: 0, appliedIndex: 0, revision: 0 }

export class MonotonicMembers implements Observer {
  readonly #members: () => readonly SimulatedMember[]
  readonly #seen = new Map<string, Seen>()

  constructor(members: () => readonly SimulatedMember[]) {
    this.#members = members
  }

  onStart({ id }: SimulatedMember): void {
    this.#seen.set(id, NOTHING)
  }

  afterEvent(): void {
    for (const { id, member } of this.#members()) {
      if (member === undefined) continue
      const { term, commitIndex } = member.node.status
      const { appliedIndex, revision } = member.node.state
      const now: Seen = { term, commitIndex, appliedIndex, revision }
      const before = this.#seen.get(id) ?? NOTHING
      for (const name of ['term', 'commitIndex', 'appliedIndex', 'revision'] as const) {
        check(now[name] >= before[name], `the ${name} of member ${id} fell to ${now[name]}`)
      }
      check(
        appliedIndex <= commitIndex || commitIndex === 0,
        `member ${id} applied what is not committed`,
      )
      this.#seen.set(id, now)
    }
  }
}
