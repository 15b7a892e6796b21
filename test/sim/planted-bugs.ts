/**
 * Bugs that others have had, or could have, in a Raft core: each is one change of its source. A tester
 * that does not find them would not find one of ours either.
 */

export interface PlantedBug {
  readonly name: string
  /** Of `packages/raft/src`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a vote is not persisted',
    file: 'member-state.ts',
    find: 'this.#votedFor = candidate\n    this.#hardStateChanged = true',
    replace: 'this.#votedFor = candidate',
  },
  {
    name: 'a vote leaves before it is durable',
    file: 'voting.ts',
    find: 'outbox.sendWhenDurable(response)',
    replace: 'outbox.send(response)',
  },
  {
    name: 'a candidate asks for votes before its own is durable',
    file: 'election.ts',
    find: 'outbox.sendWhenDurable({',
    replace: 'outbox.send({',
  },
  {
    name: 'a voter votes twice in a term',
    file: 'voting.ts',
    find: 'if (state.votedFor !== undefined) return state.votedFor === from',
    replace: '',
  },
  {
    name: 'a vote does not ask for an up-to-date log (§5.4.1)',
    file: 'voting.ts',
    find: 'return this.#core.log.isUpToDate({ index: lastLogIndex, term: lastLogTerm })',
    replace: 'return true',
  },
  {
    name: 'an entry of an older term is committed by counting (Figure 8)',
    file: 'replication.ts',
    find: 'if (held < this.#firstOwnIndex || held <= log.commitIndex) return false',
    replace: 'if (held <= log.commitIndex) return false',
  },
  {
    name: 'an acknowledgement leaves before the fsync',
    file: 'following.ts',
    find: 'else outbox.sendWhenDurable(message)',
    replace: 'else outbox.send(message)',
  },
  {
    name: 'a leader counts its own disk before the fsync',
    file: 'replication.ts',
    find: 'return id === state.id ? log.durableIndex : this.known(id).matchIndex',
    replace: 'return id === state.id ? log.lastIndex : this.known(id).matchIndex',
  },
  {
    name: 'a write that was overtaken makes what replaced it durable (ABA)',
    file: 'pending-writes.ts',
    find: 'write.durableThrough = Math.min(write.durableThrough, from - 1)',
    replace: '',
  },
  {
    name: 'a late AppendEntries cuts off what followed it',
    file: 'raft-log.ts',
    find: 'if (first === undefined) return\n    if (first.index',
    replace:
      'const end = entries.at(-1)?.index ?? Infinity\n' +
      '    if (first === undefined && end < this.lastIndex && end >= this.#commitIndex) this.#truncateFrom(end + 1)\n' +
      '    if (first === undefined) return\n    if (first.index',
  },
  {
    name: 'a follower commits beyond what the message vouched for',
    file: 'following.ts',
    find: 'log.commitTo(Math.min(message.commitIndex, lastNewIndex))',
    replace: 'log.commitTo(Math.min(message.commitIndex, log.lastIndex))',
  },
  {
    name: 'a read is answered without a round of the quorum',
    file: 'read-rounds.ts',
    find: 'id === state.id ? this.#position : this.#replication.known(id).readPosition',
    replace: 'id === state.id ? this.#position : this.#position',
  },
  {
    name: 'a read is answered before an entry of the own term is committed',
    file: 'read-rounds.ts',
    find: 'return this.#waiting.length > 0 && this.#replication.hasCommittedOwnEntry',
    replace: 'return this.#waiting.length > 0',
  },
  {
    name: 'the membership changes before an entry of the own term is committed (2015)',
    file: 'leadership.ts',
    find: "if (!this.#replication.hasCommittedOwnEntry) return 'notReady'",
    replace: '',
  },
  {
    name: 'the membership changes while the change before is not committed',
    file: 'leadership.ts',
    find: "if (log.commitIndex < index) return 'changePending'",
    replace: '',
  },
  {
    name: 'a membership that was truncated stays in force',
    file: 'raft-log.ts',
    find: 'this.membership.onTruncated(from)',
    replace: '',
  },
  {
    name: 'learners count for the quorum',
    file: 'member-state.ts',
    find: 'return this.#membership.current.membership.voters',
    replace:
      'return [...this.#membership.current.membership.voters, ...this.#membership.current.membership.learners]',
  },
  {
    name: 'a snapshot leaves the tail of the old log in place',
    file: 'raft-log.ts',
    find: 'this.#tail.reset(index, term)',
    replace: 'if (index >= this.lastIndex) this.#tail.reset(index, term)',
  },
  {
    name: 'a snapshot stands for the entry after its own',
    file: 'raft.ts',
    find: 'const snapshot = { index, term: log.term(index), membership }',
    replace:
      'const snapshot = { index: Math.min(index + 1, log.lastIndex), term: log.term(index), membership }',
  },
  {
    name: 'a snapshot takes the place of what is committed',
    file: 'following.ts',
    find: 'if (log.matches(snapshot)) log.commitTo(snapshot.index)\n      else log.restore(snapshot)',
    replace: 'log.restore(snapshot)',
  },
  {
    name: 'a message of an older term is believed',
    file: 'term-rules.ts',
    find: "case 'appendEntries':\n        following.reject(message)\n        return false",
    replace: "case 'appendEntries':\n        return true",
  },
  {
    name: 'acknowledgements that wait survive a change of term',
    file: 'outbox.ts',
    find: 'this.messagesWhenDurable.take()\n  }\n}',
    replace: '}\n}',
  },
]
