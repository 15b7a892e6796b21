/**
 * Bugs that others have had, or could have, in a Raft core: each is one change of its source. A tester
 * that does not find them would not find one of ours either.
 */

export interface Edit {
  /** Of `packages/raft/src`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

export interface PlantedBug {
  /** In the list of bugs that a tester of a coordinator should be shown; see README.md. */
  readonly number?: number
  readonly name: string
  readonly edits: readonly Edit[]
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    number: 1,
    name: 'a vote is not persisted',
    edits: [
      {
        file: 'member-state.ts',
        find: 'this.#votedFor = candidate\n    this.#hardStateChanged = true',
        replace: 'this.#votedFor = candidate',
      },
    ],
  },
  {
    number: 1,
    name: 'a vote leaves before it is durable',
    edits: [
      {
        file: 'voting.ts',
        find: 'outbox.sendWhenDurable(response)',
        replace: 'outbox.send(response)',
      },
    ],
  },
  {
    number: 1,
    name: 'a candidate asks for votes before its own is durable',
    edits: [
      {
        file: 'election.ts',
        find: 'outbox.sendWhenDurable({',
        replace: 'outbox.send({',
      },
    ],
  },
  {
    number: 1,
    name: 'a voter votes twice in a term',
    edits: [
      {
        file: 'voting.ts',
        find: 'if (state.votedFor !== undefined) return state.votedFor === from',
        replace: '',
      },
    ],
  },
  {
    number: 3,
    name: 'a vote does not ask for an up-to-date log (§5.4.1)',
    edits: [
      {
        file: 'voting.ts',
        find: 'return this.#core.log.isUpToDate({ index: lastLogIndex, term: lastLogTerm })',
        replace: 'return true',
      },
    ],
  },
  {
    number: 4,
    name: 'an entry of an older term is committed by counting (Figure 8)',
    edits: [
      {
        file: 'replication.ts',
        find: 'if (held < this.#firstOwnIndex || held <= log.commitIndex) return false',
        replace: 'if (held <= log.commitIndex) return false',
      },
    ],
  },
  {
    number: 6,
    name: 'an acknowledgement leaves before the fsync',
    edits: [
      {
        file: 'following.ts',
        find: 'else outbox.sendWhenDurable(message)',
        replace: 'else outbox.send(message)',
      },
    ],
  },
  {
    number: 6,
    name: 'a leader counts its own disk before the fsync',
    edits: [
      {
        file: 'replication.ts',
        find: 'return id === state.id ? log.durableIndex : this.known(id).matchIndex',
        replace: 'return id === state.id ? log.lastIndex : this.known(id).matchIndex',
      },
    ],
  },
  {
    number: 7,
    name: 'a write that was overtaken makes what replaced it durable (ABA)',
    edits: [
      {
        file: 'pending-writes.ts',
        find: 'write.durableThrough = Math.min(write.durableThrough, from - 1)',
        replace: '',
      },
    ],
  },
  {
    number: 8,
    name: 'a late AppendEntries cuts off what followed it',
    edits: [
      {
        file: 'raft-log.ts',
        find: 'if (first === undefined) return\n    if (first.index',
        replace:
          'const end = entries.at(-1)?.index ?? Infinity\n' +
          '    if (first === undefined && end < this.lastIndex && end >= this.#commitIndex) this.#truncateFrom(end + 1)\n' +
          '    if (first === undefined) return\n    if (first.index',
      },
    ],
  },
  {
    number: 9,
    // A leader finds the last entry in common exactly, so that what it sends then contradicts the rest
    // at once, and hides the first edit. The second is none by itself: it only asks from the beginning.
    name: 'a follower commits beyond what the message vouched for',
    edits: [
      {
        file: 'following.ts',
        find: 'log.commitTo(Math.min(message.commitIndex, lastNewIndex))',
        replace: 'log.commitTo(Math.min(message.commitIndex, log.lastIndex))',
      },
      {
        file: 'replication.ts',
        find: 'new Progress(id, log.lastIndex + 1, config)',
        replace: 'new Progress(id, 1, config)',
      },
    ],
  },
  {
    number: 9,
    name: 'a heartbeat commits beyond what the follower is known to hold',
    edits: [
      {
        file: 'heartbeats.ts',
        find: 'commitIndex: Math.min(log.commitIndex, matchIndex),',
        replace: 'commitIndex: log.commitIndex,',
      },
      {
        file: 'following.ts',
        find: 'this.#core.log.commitTo(commitIndex)',
        replace: 'this.#core.log.commitTo(Math.min(commitIndex, this.#core.log.lastIndex))',
      },
    ],
  },
  {
    number: 11,
    name: 'a read is answered without a round of the quorum',
    edits: [
      {
        file: 'read-rounds.ts',
        find: 'id === state.id ? this.#position : this.#replication.known(id).readPosition',
        replace: 'id === state.id ? this.#position : this.#position',
      },
    ],
  },
  {
    number: 12,
    name: 'a read is answered before an entry of the own term is committed',
    edits: [
      {
        file: 'read-rounds.ts',
        find: 'return this.#waiting.length > 0 && this.#replication.hasCommittedOwnEntry',
        replace: 'return this.#waiting.length > 0',
      },
    ],
  },
  {
    number: 14,
    name: 'the membership changes before an entry of the own term is committed (2015)',
    edits: [
      {
        file: 'leadership.ts',
        find: "if (!this.#replication.hasCommittedOwnEntry) return 'notReady'",
        replace: '',
      },
    ],
  },
  {
    number: 14,
    name: 'the membership changes while the change before is not committed',
    edits: [
      {
        file: 'leadership.ts',
        find: "if (log.commitIndex < index) return 'changePending'",
        replace: '',
      },
    ],
  },
  {
    name: 'a membership that was truncated stays in force',
    edits: [
      {
        file: 'raft-log.ts',
        find: 'this.membership.onTruncated(from)',
        replace: '',
      },
    ],
  },
  {
    number: 16,
    name: 'learners count for the quorum',
    edits: [
      {
        file: 'member-state.ts',
        find: 'return this.#membership.current.membership.voters',
        replace:
          'return [...this.#membership.current.membership.voters, ...this.#membership.current.membership.learners]',
      },
    ],
  },
  {
    number: 21,
    name: 'a snapshot leaves the tail of the old log in place',
    edits: [
      {
        file: 'raft-log.ts',
        find: 'this.#tail.reset(index, term)',
        replace: 'if (index >= this.lastIndex) this.#tail.reset(index, term)',
      },
    ],
  },
  {
    number: 19,
    name: 'a snapshot stands for the entry after its own',
    edits: [
      {
        file: 'raft.ts',
        find: 'const snapshot = { index, term: log.term(index), membership }',
        replace:
          'const snapshot = { index: Math.min(index + 1, log.lastIndex), term: log.term(index), membership }',
      },
    ],
  },
  {
    name: 'a snapshot takes the place of what is committed',
    edits: [
      {
        file: 'following.ts',
        find: 'if (log.matches(snapshot)) log.commitTo(snapshot.index)\n      else log.restore(snapshot)',
        replace: 'log.restore(snapshot)',
      },
    ],
  },
  {
    name: 'a message of an older term is believed',
    edits: [
      {
        file: 'term-rules.ts',
        find: "case 'appendEntries':\n        following.reject(message)\n        return false",
        replace: "case 'appendEntries':\n        return true",
      },
    ],
  },
  {
    number: 7,
    name: 'acknowledgements that wait survive a change of term',
    edits: [
      {
        file: 'outbox.ts',
        find: 'this.messagesWhenDurable.take()\n  }\n}',
        replace: '}\n}',
      },
    ],
  },
  {
    number: 2,
    name: 'the term is written first, the vote with the next write',
    edits: [
      {
        file: 'member-state.ts',
        find: '#hardStateChanged = false\n  // Role',
        replace: '#hardStateChanged = false\n  #writtenTerm = 0\n  // Role',
      },
      {
        file: 'member-state.ts',
        find:
          'this.#hardStateChanged = false\n' +
          '    return { term: this.#term, votedFor: this.#votedFor }',
        replace:
          'const votedFor = this.#term === this.#writtenTerm ? this.#votedFor : undefined\n' +
          '    this.#hardStateChanged = votedFor !== this.#votedFor\n' +
          '    this.#writtenTerm = this.#term\n' +
          '    return { term: this.#term, votedFor }',
      },
    ],
  },
  {
    number: 5,
    name: 'a new leader appends no entry of its own term',
    edits: [
      {
        file: 'leadership.ts',
        find: "core.log.append([this.#newEntry(1, 'noop', NO_DATA)])",
        replace: '',
      },
    ],
  },
  {
    number: 13,
    name: 'an echo of a read position counts as often as it comes',
    edits: [
      {
        file: 'read-rounds.ts',
        find: 'if (progress === undefined || readPosition <= progress.readPosition) return',
        replace:
          'if (progress === undefined || readPosition < progress.readPosition) return\n' +
          '    if (readPosition === progress.readPosition) {\n' +
          '      const other = this.#replication.followers.find((one) => one.readPosition < readPosition)\n' +
          '      if (other !== undefined) other.readPosition = readPosition\n' +
          '    }',
      },
    ],
  },
  {
    number: 15,
    name: 'a member that is removed goes on to count',
    edits: [
      {
        file: 'replication.ts',
        find: 'this.#followers = [...state.voters, ...state.learners]',
        replace:
          'const known = this.#followers.map(({ id }) => id)\n' +
          '    this.#followers = [...new Set([...state.voters, ...state.learners, ...known])]',
      },
      {
        file: 'replication.ts',
        find: 'const held = quorumPosition(state.voters, (id) => this.#matchIndexOf(id))',
        replace:
          'const counted = this.#followers.filter(({ id }) => !state.learners.includes(id))\n' +
          '    const positions = [log.durableIndex, ...counted.map(({ matchIndex }) => matchIndex)]\n' +
          '    const held = positions.sort((a, b) => b - a)[Math.floor(state.voters.length / 2)] ?? 0',
      },
    ],
  },
  {
    number: 17,
    name: 'a pre-vote raises the term of who is asked',
    edits: [
      {
        file: 'term-rules.ts',
        find: "case 'preVote':\n        return !voting.ignores(message)",
        replace:
          "case 'preVote':\n        if (voting.ignores(message)) return false\n" +
          '        roles.becomeFollower(message.term, undefined)\n        return true',
      },
    ],
  },
  {
    name: 'an answer to a pre-vote counts as a vote',
    edits: [
      {
        file: 'election.ts',
        find: "if (state.role !== 'preCandidate') return",
        replace:
          "if (state.role === 'candidate' && granted && term === state.term) {\n" +
          '      this.#ballot.record(from, true)\n      this.#concludeElection()\n    }\n' +
          "    if (state.role !== 'preCandidate') return",
      },
    ],
  },
  {
    number: 18,
    name: 'a leader that hears no quorum goes on to lead',
    edits: [
      {
        file: 'raft.ts',
        find: 'if (!leadership.hasActiveQuorum) this.#roles.becomeFollower(this.#core.state.term, undefined)',
        replace: '',
      },
    ],
  },
  {
    number: 37,
    name: 'a follower counts every tick of a stall',
    edits: [
      {
        file: 'raft.ts',
        find: 'this.#election.tick()\n',
        replace: 'for (let tick = 0; tick < elapsedTicks; tick += 1) this.#election.tick()\n',
      },
    ],
  },
  {
    name: 'a snapshot carries the membership of now, not that of its index',
    edits: [
      {
        file: 'raft.ts',
        find: 'const membership = log.membership.at(index)',
        replace: 'const { membership } = log.membership.current',
      },
    ],
  },
]
