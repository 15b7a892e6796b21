/**
 * One vote a term, also across restarts, and none leaves before the disk has it (Raft, Figure 2,
 * "persistent state"; thesis §3.8). A candidate's own vote is one too: asking for others reveals it.
 */

import type { Message } from '../message.js'
import { check, type ObservedMember } from './observed-member.test-support.js'

export class DurableVotes {
  readonly #votes = new Map<string, string>()

  onSend({ id, durableTerm, durableVote }: ObservedMember, message: Message): void {
    const candidate = candidateOf(message)
    if (candidate === undefined) return
    const { term } = message
    check(
      durableTerm > term || (durableTerm === term && durableVote === candidate),
      `${id} voted in term ${term}, which it may forget`,
    )
    const key = `${id} in term ${term}`
    check((this.#votes.get(key) ?? candidate) === candidate, `${key} voted twice`)
    this.#votes.set(key, candidate)
  }
}

/** For whom this message is a vote. */
function candidateOf(message: Message): string | undefined {
  if (message.type === 'requestVote') return message.from
  return message.type === 'requestVoteResponse' && message.granted ? message.to : undefined
}
