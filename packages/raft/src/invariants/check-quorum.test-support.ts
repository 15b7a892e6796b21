/**
 * CheckQuorum (thesis §6.2): nobody leads for more than two election timeouts of its own clock
 * without having heard from a quorum. All count as heard when the membership changes, as newcomers do.
 */

import { isQuorum } from '../quorum.js'
import { check, type ObservedMember } from './observed-member.test-support.js'

interface Leadership {
  readonly term: number
  voters: readonly string[]
  nowTick: number
  readonly heardAtTick: Map<string, number>
}

export class CheckQuorum {
  readonly #maxSilentTicks: number
  readonly #leaderships = new Map<string, Leadership>()

  constructor(electionTicks: number) {
    this.#maxSilentTicks = 2 * electionTicks
  }

  onHeard(id: string, from: string, term: number): void {
    const leadership = this.#leaderships.get(id)
    if (leadership?.term === term) leadership.heardAtTick.set(from, leadership.nowTick)
  }

  /** A member that leads has counted these ticks, and goes on leading. */
  onLeaderTick({ id, voters }: ObservedMember, term: number, elapsedTicks: number): void {
    let leadership = this.#leaderships.get(id)
    if (leadership?.term !== term) {
      leadership = { term, voters, nowTick: 0, heardAtTick: new Map() }
      this.#leaderships.set(id, leadership)
    }
    if (leadership.voters !== voters) leadership.heardAtTick.clear()
    leadership.voters = voters
    leadership.nowTick += elapsedTicks
    const { nowTick, heardAtTick } = leadership
    const isHeard = (voter: string): boolean => {
      if (voter === id) return true
      const heardAt = heardAtTick.get(voter)
      if (heardAt === undefined) heardAtTick.set(voter, nowTick)
      return heardAt === undefined || nowTick - heardAt <= this.#maxSilentTicks
    }
    check(isQuorum(voters, isHeard), `${id} leads term ${term} though it hears no quorum`)
  }
}
