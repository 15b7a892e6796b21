/**
 * What is on the wire is true of the sender's disk: a vote, an acknowledged entry, a campaign. A crash
 * right after it forgets none of it (Raft §5.1; thesis §3.8; catalogue 2, 19, 30).
 */

import type { AppendEntriesAccepted, MemberId, Message } from '@holdfast/raft'
import { check } from '../check.js'
import type { Observer, SimulatedMember } from '../simulated-member.js'

export class AcknowledgedIsDurable implements Observer {
  readonly #votes = new Map<string, MemberId>()

  onSend(member: SimulatedMember, message: Message): void {
    if (message.type === 'appendEntriesAccepted') this.#checkAcknowledged(member, message)
    if (message.type === 'requestVote') this.#checkVote(member, message.term, member.id)
    if (message.type === 'requestVoteResponse' && message.granted) {
      this.#checkVote(member, message.term, message.to)
    }
  }

  #checkAcknowledged(
    { id, disk, storage }: SimulatedMember,
    { matchIndex, term }: AppendEntriesAccepted,
  ): void {
    const { log } = disk
    check(
      log.hardState.term >= term,
      `member ${id} acknowledged in term ${term}, and may forget it`,
    )
    const isInSnapshot = matchIndex <= log.start.index
    const durable = log.at(matchIndex)
    check(
      isInSnapshot || durable !== undefined,
      `member ${id} acknowledged ${matchIndex}, and may forget it`,
    )
    const seen = storage?.log.at(matchIndex)
    check(
      isInSnapshot || seen === undefined || durable?.term === seen.term,
      `member ${id} acknowledged ${matchIndex} and has another entry there on its disk`,
    )
  }

  #checkVote({ id, disk }: SimulatedMember, term: number, candidate: MemberId): void {
    const { hardState } = disk.log
    check(
      hardState.term > term || (hardState.term === term && hardState.votedFor === candidate),
      `member ${id} voted for ${candidate} in term ${term}, and may forget it`,
    )
    const vote = `${id} in ${term}`
    const known = this.#votes.get(vote) ?? candidate
    check(known === candidate, `member ${id} voted for ${known} and ${candidate} in term ${term}`)
    this.#votes.set(vote, candidate)
  }
}
