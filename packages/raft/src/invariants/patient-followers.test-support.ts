/**
 * Who has heard its leader since the last tick does not campaign at the next one, however many ticks
 * that stands for: a member that was stalled reads its inbox before it believes a timeout (Raft §5.2;
 * the calling contract in DESIGN.md).
 */

import type { Message } from '../message.js'
import type { Status } from '../ready.js'
import { check } from './observed-member.test-support.js'

export class PatientFollowers {
  readonly #heard = new Set<string>()

  onDelivered(id: string, { type, from, term }: Message, after: Status): void {
    const isWord = type === 'appendEntries' || type === 'heartbeat' || type === 'installSnapshot'
    if (isWord && after.leaderId === from && after.term === term) this.#heard.add(id)
  }

  onTick(id: string, before: Status, after: Status): void {
    const hasHeard = this.#heard.delete(id) && before.leaderId !== undefined
    check(
      !hasHeard || before.role !== 'follower' || after.role === 'follower',
      `${id} campaigns though it has just heard its leader`,
    )
  }
}
