/** The rules of log replication (Raft §5.3, §5.4.2, §8), one test each, on one member. */

import { describe, expect, test } from 'vitest'
import type { Entry } from './entry.js'
import { fingerprint } from './fingerprint.js'
import type { AppendEntries } from './message.js'
import { bytes, entry, logOf, noop, ofType, TestMember } from './test-member.test-support.js'

function append(
  member: TestMember,
  prev: readonly [index: number, term: number],
  entries: readonly Entry[],
  {
    term = 2,
    commitIndex = 0,
    from = '2',
    prevLogFingerprint,
  }: Partial<Omit<AppendEntries, 'type'>> = {},
): void {
  const [prevLogIndex, prevLogTerm] = prev
  member.receive({
    type: 'appendEntries',
    from,
    term,
    prevLogIndex,
    prevLogTerm,
    prevLogFingerprint,
    entries,
    commitIndex,
  })
}

describe('a new leader (§8, §5.4.2)', () => {
  test('appends a no-op of its term and announces itself with it', () => {
    const member = new TestMember({ entries: logOf(1) })
    member.becomeCandidate()
    member.settle()
    member.receive({ type: 'requestVoteResponse', from: '2', term: 2, granted: true })
    const ready = member.raft.ready()
    const message = {
      type: 'appendEntries',
      from: '1',
      term: 2,
      prevLogIndex: 1,
      prevLogTerm: 1,
      prevLogFingerprint: fingerprint(entry(1, 1)),
      entries: [noop(2, 2)],
      commitIndex: 0,
    }
    expect(ready).toEqual({
      status: { role: 'leader', term: 2, leaderId: '1', commitIndex: 0 },
      membership: undefined,
      append: {
        hardState: undefined,
        snapshot: undefined,
        entries: [noop(2, 2)],
        messages: [],
        term: 2,
        index: 2,
      },
      messages: [
        { ...message, to: '2' },
        { ...message, to: '3' },
      ],
      committed: [],
      readStates: [],
      droppedReads: [],
      droppedProposals: [],
      snapshotsToSend: [],
    })
  })

  test('does not count copies of an older term: only its own entry commits them (Figure 8)', () => {
    const member = new TestMember({ entries: logOf(1, 2), maxAppendBytes: 1 })
    member.becomeLeader()
    expect(member.term).toBe(3)
    member.acceptFrom('2', 2)
    member.acceptFrom('3', 2)
    expect(member.commitIndex).toBe(0)
    member.acceptFrom('2', 3)
    expect(member.commitIndex).toBe(3)
    expect(member.settle()[0]?.committed.map(({ index }) => index)).toEqual([1, 2, 3])
  })
})

describe('committing (§5.3)', () => {
  test.each<[number, string[], boolean]>([
    [1, [], true],
    [2, [], false],
    [2, ['2'], true],
    [3, [], false],
    [3, ['2'], true],
    [5, ['2'], false],
    [5, ['2', '3'], true],
    [5, ['2', '9', '6'], false],
    [4, ['2'], false],
    [4, ['2', '4'], true],
  ])('of %i voters, acknowledgements of %j commit: %s', (size, accepting, isCommitted) => {
    const voters = ['1', '2', '3', '4', '5'].slice(0, size)
    const member = new TestMember({ voters, learners: ['6'] })
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    for (const from of accepting) member.acceptFrom(from, 2)
    expect(member.commitIndex).toBe(isCommitted ? 2 : 1)
  })

  test('the leader counts itself only when its own write is durable (thesis §10.2.1)', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    const { messages } = member.process()
    expect(ofType(messages, 'appendEntries')).toHaveLength(2)
    member.acceptFrom('2', 2)
    expect(member.commitIndex).toBe(1)
    member.completeWrite()
    expect(member.commitIndex).toBe(2)
  })

  test("followers may commit an entry before the leader's own disk, which applies it later", () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.process()
    member.acceptFrom('2', 2)
    member.acceptFrom('3', 2)
    expect(member.commitIndex).toBe(2)
    expect(member.process().committed).toEqual([])
    member.completeWrite()
    expect(member.process().committed).toMatchObject([{ index: 2 }])
  })

  test('a single member commits only after its own write', () => {
    const member = new TestMember({ voters: ['1'] })
    member.raft.campaign()
    const { append } = member.process()
    expect(append).toMatchObject({ hardState: { term: 1, votedFor: '1' }, entries: [] })
    expect(member.role).toBe('candidate')
    member.completeWrite()
    expect(member.role).toBe('leader')
    member.process()
    expect(member.commitIndex).toBe(0)
    member.completeWrite()
    expect(member.commitIndex).toBe(1)
  })

  test('a single member has nobody to send heartbeats to, and nothing to do', () => {
    const member = new TestMember({ voters: ['1'] })
    member.becomeEstablishedLeader()
    member.tick(100)
    expect(member.raft.hasReady()).toBe(false)
    expect(member.role).toBe('leader')
  })

  test('an acknowledgement beyond the log is a broken invariant', () => {
    const member = new TestMember()
    member.becomeLeader()
    expect(() => member.acceptFrom('2', 9)).toThrow('acknowledged what was never sent')
  })

  test('old acknowledgements never lower what is known of a follower', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x'), bytes('y')], 1)
    member.settle()
    member.acceptFrom('2', 3)
    member.acceptFrom('2', 1)
    member.tick()
    const [heartbeat] = ofType(member.takeMessages(), 'heartbeat')
    expect(heartbeat).toMatchObject({ to: '2', commitIndex: 3 })
  })
})

describe('a follower takes entries (§5.3)', () => {
  test.each<[string, number[], [number, number], Entry[], number[], number]>([
    ['appends', [1], [1, 1], [entry(2, 2)], [1, 2], 2],
    ['appends to an empty log', [], [0, 0], [entry(1, 1), entry(2, 2)], [1, 2], 2],
    ['replaces a conflict', [1, 1, 1], [1, 1], [entry(2, 2)], [1, 2], 2],
    [
      'replaces from the first conflict on',
      [1, 1, 1],
      [1, 1],
      [entry(2, 1), entry(3, 2)],
      [1, 1, 2],
      3,
    ],
    ['keeps what an old message repeats', [1, 2, 2], [0, 0], [entry(1, 1)], [1, 2, 2], 1],
    ['keeps more than an empty message vouches for', [1, 2, 2], [1, 1], [], [1, 2, 2], 1],
    ['keeps an overlap and appends', [1, 2], [1, 1], [entry(2, 2), entry(3, 2)], [1, 2, 2], 3],
  ])('%s', (...row) => {
    const [, terms, prev, entries, expected, matchIndex] = row
    const member = new TestMember({ entries: logOf(...terms) })
    append(member, prev, entries)
    expect(ofType(member.takeMessages(), 'appendEntriesAccepted')).toEqual([
      { type: 'appendEntriesAccepted', from: '1', to: '2', term: 2, matchIndex },
    ])
    expect(member.terms).toEqual(expected)
  })

  test.each<[number[], [number, number], [number, number]]>([
    [
      [1, 2],
      [3, 2],
      [2, 2],
    ],
    [
      [1, 2],
      [3, 1],
      [1, 1],
    ],
    [
      [1, 1],
      [2, 2],
      [2, 1],
    ],
    [[], [5, 2], [0, 0]],
    [
      [1, 1, 2, 2, 2],
      [4, 1],
      [2, 1],
    ],
    [
      [2, 2, 2],
      [3, 1],
      [0, 0],
    ],
    [
      [1, 1, 1, 3, 3, 4, 4, 4],
      [8, 2],
      [3, 1],
    ],
  ])('with terms %j it refuses to follow %j and hints at %j', (terms, prev, hint) => {
    const member = new TestMember({ entries: logOf(...terms) })
    append(member, prev, [entry(prev[0] + 1, 5)], { term: 5 })
    expect(member.takeMessages()).toEqual([
      {
        type: 'appendEntriesRejected',
        from: '1',
        to: '2',
        term: 5,
        prevLogIndex: prev[0],
        hintIndex: hint[0],
        hintTerm: hint[1],
      },
    ])
    expect(member.terms).toEqual(terms)
  })

  test.each<[string, [number, number], Entry[], number, number]>([
    ['no further than the last new entry', [1, 1], [], 3, 1],
    ['no further than the entries sent', [1, 1], [entry(2, 1)], 3, 2],
    ['no further than the leader', [1, 1], [entry(2, 1), entry(3, 1)], 2, 2],
    ['everything', [3, 1], [entry(4, 2)], 4, 4],
  ])('commits %s', (...row) => {
    const [, prev, entries, leaderCommit, expected] = row
    const member = new TestMember({ entries: logOf(1, 1, 1) })
    append(member, prev, entries, { commitIndex: leaderCommit })
    expect(member.commitIndex).toBe(expected)
  })

  test('acknowledges only when entries and term are durable', () => {
    const member = new TestMember({ hardState: { term: 2, votedFor: undefined } })
    append(member, [0, 0], [entry(1, 2)])
    const ready = member.process()
    expect(ready.messages).toEqual([])
    expect(ready.append).toEqual({
      hardState: undefined,
      entries: [entry(1, 2)],
      messages: [{ type: 'appendEntriesAccepted', from: '1', to: '2', term: 2, matchIndex: 1 }],
      term: 2,
      index: 1,
    })
    member.completeWrite()
    append(member, [0, 0], [entry(1, 2)])
    expect(member.process()).toMatchObject({ append: undefined, messages: [{ matchIndex: 1 }] })
  })

  test('does not acknowledge in a term that is not durable, even entries that are', () => {
    const member = new TestMember({ entries: logOf(1) })
    append(member, [0, 0], [entry(1, 1)])
    expect(member.process().messages).toEqual([])
    append(member, [0, 0], [entry(1, 1)])
    expect(member.process().messages).toEqual([])
    member.completeWrite()
    append(member, [0, 0], [entry(1, 1)])
    expect(member.process().messages).toMatchObject([{ type: 'appendEntriesAccepted' }])
  })

  test('an acknowledgement of the old term does not leave with a write of the new one', () => {
    const member = new TestMember({ hardState: { term: 2, votedFor: undefined } })
    append(member, [0, 0], [entry(1, 2), entry(2, 2)])
    append(member, [0, 0], [entry(1, 3)], { term: 3, from: '3' })
    const { append: write } = member.raft.ready()
    expect(write?.entries).toEqual([entry(1, 3)])
    expect(write?.messages).toMatchObject([{ to: '3', term: 3, matchIndex: 1 }])
  })

  test('applies only what is durable, though it knows of the commit before', () => {
    const member = new TestMember({ hardState: { term: 2, votedFor: undefined } })
    append(member, [0, 0], [entry(1, 2)], { commitIndex: 1 })
    expect(member.process().committed).toEqual([])
    expect(member.commitIndex).toBe(1)
    member.completeWrite()
    expect(member.process().committed).toEqual([entry(1, 2)])
  })

  test('answers an old message with its commit index, which is at least as far', () => {
    const member = new TestMember({ entries: logOf(1, 1, 1), appliedIndex: 3 })
    append(member, [0, 0], [entry(1, 1)])
    expect(member.takeMessages()).toMatchObject([{ matchIndex: 3 }])
  })

  // Terms with two leaders: see fingerprint.ts.
  test.each<[string, [number, number], number | undefined, Entry[], string | undefined]>([
    ['the entry before, which is the same', [2, 2], fingerprint(entry(2, 2)), [], undefined],
    ['the entry before, of which the leader says nothing', [2, 2], undefined, [], undefined],
    ['the entry before, which is another', [2, 2], fingerprint(entry(2, 2, 'b')), [], 'entry 2'],
    ['one that is here already and the same', [1, 1], undefined, [entry(2, 2)], undefined],
    ['one that is here already and another', [1, 1], undefined, [entry(2, 2, 'b')], 'entry 2'],
    ['one that is here already as a no-op', [1, 1], undefined, [noop(2, 2)], 'entry 2'],
  ])('is told of %s', (...row) => {
    const [, prev, prevLogFingerprint, entries, different] = row
    const member = new TestMember({ entries: logOf(1, 2, 2) })
    const receive = (): void => append(member, prev, entries, { prevLogFingerprint })
    if (different === undefined) expect(receive).not.toThrow()
    else expect(receive).toThrow(`${different} of term 2 is another one here`)
  })

  test('a leader that contradicts a committed entry is a broken invariant', () => {
    const inEntries = new TestMember({ entries: logOf(1, 1), appliedIndex: 2 })
    expect(() => append(inEntries, [1, 1], [entry(2, 2)])).toThrow(
      'contradicts the committed entry 2',
    )
    const inCheck = new TestMember({ entries: logOf(1, 1), appliedIndex: 2 })
    expect(() => append(inCheck, [2, 2], [])).toThrow('contradicts the committed entry 2')
  })

  test('a heartbeat beyond the log is a broken invariant', () => {
    const member = new TestMember()
    expect(() =>
      member.receive({ type: 'heartbeat', from: '2', term: 1, commitIndex: 4, readPosition: 0 }),
    ).toThrow('this log ends before it')
  })

  test('a heartbeat moves the commit index and is echoed at once', () => {
    const member = new TestMember({ entries: logOf(1, 1) })
    member.receive({ type: 'heartbeat', from: '2', term: 1, commitIndex: 2, readPosition: 6 })
    const ready = member.raft.ready()
    expect(ready.messages).toEqual([
      { type: 'heartbeatResponse', from: '1', to: '2', term: 1, readPosition: 6 },
    ])
    expect(ready.committed).toEqual(logOf(1, 1))
  })
})

describe('asynchronous persistence (thesis §10.2.1)', () => {
  test('several writes are in flight, and complete in order', () => {
    const member = new TestMember({ voters: ['1'] })
    member.becomeEstablishedLeader()
    for (const text of ['a', 'b', 'c']) {
      member.raft.propose([bytes(text)], 1)
      expect(member.process().append?.entries).toHaveLength(1)
    }
    expect(member.log.writesInFlight).toBe(3)
    expect(member.commitIndex).toBe(1)
    member.completeWrite()
    expect(member.commitIndex).toBe(2)
    member.completeWrite()
    member.completeWrite()
    expect(member.commitIndex).toBe(4)
  })

  test('a completion that is not the oldest write is a broken invariant', () => {
    const member = new TestMember({ voters: ['1'] })
    member.becomeEstablishedLeader()
    expect(() => member.raft.onAppended(1, 1)).toThrow('not the oldest write')
    member.raft.propose([bytes('a')], 1)
    member.process()
    expect(() => member.raft.onAppended(1, 9)).toThrow('not the oldest write')
  })

  test('a completion of an earlier term makes nothing durable', () => {
    const member = new TestMember({ hardState: { term: 2, votedFor: undefined } })
    append(member, [0, 0], [entry(1, 2)])
    member.process()
    append(member, [1, 2], [], { term: 3, from: '3', commitIndex: 1 })
    member.process()
    member.completeWrite()
    expect(member.raft.hasReady()).toBe(false)
    member.completeWrite()
    expect(member.process().committed).toEqual([entry(1, 2)])
  })

  test('entries replaced and restored while three writes are in flight count once (ABA)', () => {
    const member = new TestMember({
      entries: logOf(1),
      hardState: { term: 1, votedFor: undefined },
    })
    append(member, [1, 1], [entry(2, 1, 'a')], { term: 1, from: '2' })
    member.process()
    append(member, [1, 1], [entry(2, 2, 'b')], { term: 2, from: '3' })
    member.process()
    append(member, [1, 1], [entry(2, 1, 'a')], { term: 3, from: '2', commitIndex: 2 })
    expect(member.process().committed).toEqual([entry(1, 1)])
    for (let older = 0; older < 2; older += 1) {
      member.completeWrite()
      expect(member.raft.hasReady()).toBe(false)
    }
    expect(member.terms).toEqual([1, 2])
    member.completeWrite()
    expect(member.process().committed).toEqual([entry(2, 1, 'a')])
  })

  test('a truncation within one term voids the write that carried the term', () => {
    const member = new TestMember({
      entries: logOf(1, 1),
      hardState: { term: 1, votedFor: undefined },
    })
    append(member, [2, 1], [entry(3, 1)], { term: 1 })
    member.hearFrom('3', 2)
    member.process()
    append(member, [1, 1], [entry(2, 2), entry(3, 2)], { from: '3', commitIndex: 3 })
    expect(member.process().committed).toEqual([entry(1, 1)])
    member.completeWrite()
    expect(member.process().committed).toEqual([])
    expect(member.terms).toEqual([1, 1, 1])
    member.completeWrite()
    expect(member.process().committed).toEqual([entry(2, 2), entry(3, 2)])
  })

  test('a leader may step down while its writes are in flight', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.process()
    append(member, [1, 1], [noop(2, 2)], { term: 2, commitIndex: 2 })
    member.process()
    member.completeWrite()
    expect(member.commitIndex).toBe(2)
    expect(member.raft.hasReady()).toBe(false)
    member.completeWrite()
    expect(member.process().committed).toEqual([noop(2, 2)])
    expect(member.terms).toEqual([1, 2])
  })
})

describe('restarting from the storage', () => {
  test('the commit index restarts at what was applied, and what follows is applied again', () => {
    const member = new TestMember({ voters: ['1'], entries: logOf(1, 1, 1), appliedIndex: 2 })
    expect(member.raft.status).toEqual({
      role: 'follower',
      term: 1,
      leaderId: undefined,
      commitIndex: 2,
    })
    member.raft.campaign()
    const applied = member.settle().flatMap(({ committed }) => committed)
    expect(applied).toEqual([entry(3, 1), noop(4, 2)])
  })

  test.each<[string, ConstructorParameters<typeof TestMember>[0]]>([
    ['the log reaches', { entries: logOf(1), appliedIndex: 2 }],
    ['the stored term covers', { entries: logOf(3), hardState: { term: 2, votedFor: undefined } }],
    ['a member id', { id: '0' }],
    ['heartbeatTicks', { heartbeatTicks: 0 }],
    ['electionTicks', { electionTicks: 3, heartbeatTicks: 3 }],
    ['maxInflightAppends', { maxInflightAppends: 0 }],
    ['maxApplyingBytes', { maxApplyingBytes: 0.5 }],
    ['nobody belongs to the cluster twice', { learners: ['3'] }],
    ['a seed', { seed: 0.5 }],
  ])('refuses to start when %s is violated', (message, options) => {
    expect(() => new TestMember(options)).toThrow(message)
  })
})

describe('applying within bounds', () => {
  test('no more is handed out than fits, and one entry always fits', () => {
    const member = new TestMember({ entries: logOf(1, 1, 1, 1), maxApplyingBytes: 34 })
    member.receive({ type: 'heartbeat', from: '2', term: 1, commitIndex: 4, readPosition: 0 })
    expect(member.raft.ready().committed).toEqual(logOf(1, 1))
    expect(member.raft.hasReady()).toBe(false)
    member.raft.onApplied(1)
    expect(member.raft.hasReady()).toBe(false)
    member.raft.onApplied(2)
    expect(member.raft.ready().committed).toEqual([entry(3, 1), entry(4, 1)])
    const small = new TestMember({ entries: logOf(1, 1), maxApplyingBytes: 1 })
    small.receive({ type: 'heartbeat', from: '2', term: 1, commitIndex: 2, readPosition: 0 })
    expect(small.raft.ready().committed).toEqual([entry(1, 1)])
  })

  test('what was not handed out cannot be applied', () => {
    const member = new TestMember({ entries: logOf(1) })
    expect(() => member.raft.onApplied(1)).toThrow('only what was handed out')
  })
})
