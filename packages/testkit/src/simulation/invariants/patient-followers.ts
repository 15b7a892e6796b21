/**
 * Who hears the leader does not campaign, however long it stood still before: it reads what has come
 * meanwhile, and then waits an election timeout of its own (etcd #12528; catalogue 57).
 */

import type { Message } from '@holdfast/raft'
import { check } from '../check.js'
import type { Observer } from '../simulated-member.js'
import type { SimulatedMember, Timing } from '../simulated-member.js'

/** Ticks are counted in turns of the event loop, each of which comes a little after its time. */
const TURN_MS = 5

export class PatientFollowers implements Observer {
  readonly #timing: Pick<Timing, 'tickMs' | 'electionTicks'>
  /** By its own clock, when a member last heard the leader of its term. */
  readonly #heardMs = new Map<string, number>()

  constructor(timing: Pick<Timing, 'tickMs' | 'electionTicks'>) {
    this.#timing = timing
  }

  onStart({ id }: SimulatedMember): void {
    this.#heardMs.delete(id)
  }

  onReceive({ id, member, host }: SimulatedMember, { type, term }: Message): void {
    if (type !== 'heartbeat' && type !== 'appendEntries') return
    if (member === undefined || host === undefined || term < member.node.status.term) return
    this.#heardMs.set(id, host.nowMs)
  }

  onSend({ id, host }: SimulatedMember, { type }: Message): void {
    const heardMs = this.#heardMs.get(id)
    if (type !== 'preVote' || heardMs === undefined || host === undefined) return
    const { tickMs, electionTicks } = this.#timing
    const silentMs = host.nowMs - heardMs
    // The first tick may come right after the message.
    check(
      silentMs >= (electionTicks - 1) * tickMs - TURN_MS,
      `member ${id} campaigns ${silentMs.toFixed(1)} ms after it heard its leader`,
    )
  }
}
