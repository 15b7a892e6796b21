/** Snapshots (Raft §7): who is sent one, and what becomes of the log that it takes the place of. */

import { describe, expect, test } from 'vitest'
import type { Membership } from './membership.js'
import type { Message } from './message.js'
import {
  bytes,
  entry,
  logOf,
  membershipEntry,
  noop,
  ofType,
  TestMember,
  type TestMemberOptions,
} from './test-member.test-support.js'

const THREE: Membership = { voters: ['1', '2', '3'], learners: [] }
const FOUR: Membership = { voters: ['1', '2', '3'], learners: ['4'] }

/** The leader of term 2 says that the receiver has got a snapshot. */
function install(
  member: TestMember,
  [index, term]: readonly [number, number],
  { from = '2', membership = THREE, ofTerm = 2 } = {},
): void {
  const snapshot = { index, term, membership }
  member.receive({ type: 'installSnapshot', from, term: ofTerm, snapshot })
}

function append(
  member: TestMember,
  [prevLogIndex, prevLogTerm]: readonly [number, number],
  terms: readonly number[],
  commitIndex = 0,
): void {
  const entries = terms.map((term, at) => entry(prevLogIndex + 1 + at, term))
  member.receive({
    type: 'appendEntries',
    from: '2',
    term: 2,
    prevLogIndex,
    prevLogTerm,
    entries,
    commitIndex,
  })
}

function accepted(matchIndex: number): Message {
  return { type: 'appendEntriesAccepted', from: '1', to: '2', term: 2, matchIndex }
}

const IN_TERM_2 = { hardState: { term: 2, votedFor: undefined } } as const

describe('a follower that is given a snapshot (§7, Figure 13)', () => {
  type Expected = readonly [commit: number, firstIndex: number, terms: number[]]

  test.each<[string, number[], number, readonly [number, number], Expected]>([
    ['ignores one of what it has applied', [1, 1, 1], 3, [2, 1], [3, 1, [1, 1, 1]]],
    ['ignores one of just what is committed', [1, 1, 1], 3, [3, 1], [3, 1, [1, 1, 1]]],
    ['commits what its log holds', [1, 1, 1], 1, [3, 1], [3, 1, [1, 1, 1]]],
    ['keeps what its log holds beyond', [1, 1, 1], 1, [2, 1], [2, 1, [1, 1, 1]]],
    ['drops a log that contradicts it', [1, 1, 1], 1, [3, 2], [3, 4, []]],
    ['drops even what lies beyond', [1, 1, 1, 1], 1, [2, 2], [2, 3, []]],
    ['drops a log that ends before it', [1, 1], 1, [3, 2], [3, 4, []]],
    ['drops a log that ends long before it', [1], 1, [9, 2], [9, 10, []]],
    ['begins with it', [], 0, [9, 2], [9, 10, []]],
  ])('%s', (...row) => {
    const [, entries, appliedIndex, position, [commitIndex, firstIndex, terms]] = row
    const member = new TestMember({ entries: logOf(...entries), appliedIndex })
    install(member, position)
    expect(member.takeMessages()).toEqual([accepted(commitIndex)])
    expect(member.commitIndex).toBe(commitIndex)
    expect([member.log.firstIndex(), member.terms]).toEqual([firstIndex, terms])
  })

  test('writes it in place of its log, and acknowledges it only then', () => {
    const member = new TestMember({ ...IN_TERM_2, entries: logOf(1) })
    install(member, [5, 2])
    expect(member.process()).toEqual({
      status: { role: 'follower', term: 2, leaderId: '2', commitIndex: 5 },
      membership: { index: 5, membership: THREE },
      append: {
        hardState: undefined,
        snapshot: { index: 5, term: 2, membership: THREE },
        entries: [],
        messages: [accepted(5)],
        term: 2,
        index: 5,
      },
      messages: [],
      committed: [],
      readStates: [],
      droppedReads: [],
      droppedProposals: [],
      snapshotsToSend: [],
    })
    install(member, [5, 2])
    expect(member.process()).toMatchObject({ messages: [], append: { messages: [accepted(5)] } })
    member.completeWrite()
    install(member, [5, 2])
    expect(member.process()).toMatchObject({ messages: [accepted(5)], append: undefined })
  })

  test('goes on behind it, in the same write or a later one', () => {
    const member = new TestMember(IN_TERM_2)
    install(member, [5, 1])
    append(member, [5, 1], [1, 2])
    const { append: write } = member.process()
    expect(write).toMatchObject({ snapshot: { index: 5 }, entries: [{ index: 6 }, { index: 7 }] })
    append(member, [7, 2], [2], 8)
    expect(member.process()).toMatchObject({ append: { snapshot: undefined, index: 8 } })
    member.completeWrite()
    expect(member.process().committed.map(({ index }) => index)).toEqual([6, 7])
    member.completeWrite()
    expect(member.process().committed.map(({ index }) => index)).toEqual([8])
    expect(member.terms).toEqual([1, 2, 2])
  })

  test('takes over the newest of two that came in a short time (catalogue 40)', () => {
    const member = new TestMember(IN_TERM_2)
    install(member, [5, 1])
    install(member, [7, 1])
    install(member, [6, 1])
    expect(member.process().append).toMatchObject({
      snapshot: { index: 7 },
      messages: [accepted(5), accepted(7), accepted(7)],
    })
    install(member, [9, 2])
    member.process()
    expect(member.completeWrite()).toHaveLength(3)
    expect(member.log.firstIndex()).toBe(8)
    expect(member.completeWrite()).toEqual([accepted(9)])
    expect(member.log.firstIndex()).toBe(10)
  })

  test('counts no write in flight for the log that came after it', () => {
    const member = new TestMember({ ...IN_TERM_2, entries: logOf(1) })
    append(member, [1, 1], [1, 1, 1])
    member.process()
    append(member, [4, 1], [1, 1], 6)
    member.process()
    install(member, [5, 2], { ofTerm: 2 })
    expect(member.commitIndex).toBe(6)
    // The log holds index 5 already and knows it to be committed, whatever the message says.
    expect(member.process().append).toMatchObject({ snapshot: undefined })
    const other = new TestMember({ ...IN_TERM_2, entries: logOf(1) })
    append(other, [1, 1], [1, 1, 1])
    other.process()
    install(other, [3, 2])
    append(other, [3, 2], [2], 4)
    expect(other.process()).toMatchObject({ committed: [], append: { snapshot: { index: 3 } } })
    expect(other.completeWrite()).toEqual([accepted(4)])
    expect(other.raft.hasReady()).toBe(false)
    expect(other.completeWrite()).toEqual([accepted(3), accepted(4)])
    expect(other.process().committed).toEqual([entry(4, 2)])
  })

  test('has nothing more to apply of what was handed out before', () => {
    const member = new TestMember({ ...IN_TERM_2, entries: logOf(1, 1, 1) })
    append(member, [3, 1], [], 3)
    expect(member.raft.ready().committed).toHaveLength(3)
    install(member, [7, 2])
    member.process()
    member.raft.onApplied(2)
    member.completeWrite()
    member.raft.onApplied(3)
    append(member, [7, 2], [2], 8)
    expect(member.settle().flatMap(({ committed }) => committed)).toEqual([entry(8, 2)])
  })

  test('that lags behind in applying gets room by it', () => {
    const member = new TestMember({ ...IN_TERM_2, entries: logOf(1, 1), maxApplyingBytes: 1 })
    append(member, [2, 1], [], 2)
    expect(member.raft.ready().committed).toEqual([entry(1, 1)])
    install(member, [7, 2])
    member.process()
    member.completeWrite()
    append(member, [7, 2], [2], 8)
    expect(member.settle().flatMap(({ committed }) => committed)).toEqual([entry(8, 2)])
  })

  test('counts it in its log when it is asked for its vote, which waits for the write', () => {
    const member = new TestMember({ ...IN_TERM_2, entries: logOf(1) })
    install(member, [5, 2])
    const ask = { type: 'requestVote', term: 3, lastLogTerm: 2, isTransfer: true } as const
    member.receive({ ...ask, from: '2', lastLogIndex: 4 })
    member.receive({ ...ask, from: '3', lastLogIndex: 5 })
    const { messages, append: write } = member.process()
    expect(messages).toMatchObject([{ to: '2', granted: false }])
    expect(write).toMatchObject({
      hardState: { term: 3, votedFor: '3' },
      snapshot: { index: 5 },
      messages: [{ to: '3', granted: true }],
    })
  })

  test.each(['candidate', 'preCandidate'])('follows its sender, if it is a %s', (role) => {
    const member = new TestMember({ hardState: { term: 1, votedFor: undefined } })
    if (role === 'candidate') member.becomeCandidate()
    else member.raft.campaign()
    install(member, [5, 2])
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 2, leaderId: '2' })
  })

  test('answers one of an earlier term with its own term, and keeps its log', () => {
    const member = new TestMember({ hardState: { term: 4, votedFor: undefined } })
    install(member, [5, 2])
    expect(member.takeMessages()).toEqual([
      { type: 'heartbeatResponse', from: '1', to: '2', term: 4, readPosition: 0 },
    ])
    expect(member.log.firstIndex()).toBe(1)
  })
})

describe('a crash around the installation of a snapshot (catalogue 28)', () => {
  function interrupted(): TestMember {
    const member = new TestMember({ ...IN_TERM_2, entries: logOf(1, 1), appliedIndex: 2 })
    install(member, [5, 2], { membership: FOUR })
    append(member, [5, 2], [2])
    member.process()
    return member
  }

  test('before it was durable leaves the old log and membership', () => {
    const member = interrupted().restarted(2)
    expect(member.terms).toEqual([1, 1])
    expect(member.commitIndex).toBe(2)
    expect(member.raft.membership).toEqual({ index: 0, membership: THREE })
  })

  test('after it was durable leaves the snapshot, its membership and what followed it', () => {
    const member = interrupted()
    member.completeWrite()
    const after = member.restarted(5)
    expect([after.log.firstIndex(), after.terms]).toEqual([6, [2]])
    expect(after.raft.status).toMatchObject({ term: 2, commitIndex: 5 })
    expect(after.raft.membership).toEqual({ index: 5, membership: FOUR })
  })

  test('leaves no state machine behind the log: that is a broken invariant', () => {
    const member = interrupted()
    member.completeWrite()
    expect(() => member.restarted(4)).toThrow('the log starts at what is not yet applied')
  })
})

describe('the membership of a snapshot (thesis §5.1.1; catalogue 41)', () => {
  const CHANGED: Membership = { voters: ['1', '2'], learners: [], context: new Uint8Array(0) }

  test.each<[string, readonly [number, number], Membership]>([
    ['takes the place of a newer one in the log that it replaces', [2, 2], FOUR],
    ['of an entry that the log keeps changes nothing', [1, 1], CHANGED],
  ])('%s', (_name, position, membership) => {
    const entries = [entry(1, 1), entry(2, 1), membershipEntry(3, 1, CHANGED)]
    const member = new TestMember({ entries })
    install(member, position, { membership: FOUR })
    expect(member.raft.membership.membership).toEqual(membership)
    member.settle()
    expect(member.log.membership.membership).toEqual(membership)
  })

  test('makes a learner of whom its log took for a voter (etcd: TestRestoreVoterToLearner)', () => {
    const member = new TestMember()
    install(member, [5, 2], { membership: { voters: ['2', '3'], learners: ['1'] } })
    member.settle()
    member.tick(100)
    expect(member.role).toBe('follower')
  })

  test('that is none is a broken invariant', () => {
    const member = new TestMember()
    const nobody = { voters: [], learners: ['1'] }
    expect(() => install(member, [5, 2], { membership: nobody })).toThrow('a cluster has a voter')
  })
})

/** Leads term 2 with the log 1…10, of which only 7…10 are left; 3 is silent, 2 holds everything. */
function compactedLeader(options: TestMemberOptions = {}, index = 6): TestMember {
  const entries = logOf(1, 1, 1, 1, 1, 1, 1, 1, 1)
  const member = new TestMember({ entries, appliedIndex: 9, ...options })
  member.becomeLeader()
  member.acceptFrom('2')
  member.settle()
  member.log.compact(index)
  return member
}

function rejectAt(member: TestMember, prevLogIndex: number, hintIndex: number): void {
  const { term } = member
  const hintTerm = hintIndex === 0 ? 0 : 1
  const type = 'appendEntriesRejected'
  member.receive({ type, from: '3', term, prevLogIndex, hintIndex, hintTerm })
}

/** Who is to be sent a snapshot, and the prevLogIndex of each AppendEntries to 3. */
function sent(member: TestMember): [asked: readonly string[], appends: number[]] {
  const readies = member.settle()
  const messages = readies.flatMap((ready) => ready.messages)
  return [
    readies.flatMap(({ snapshotsToSend }) => snapshotsToSend),
    ofType(messages, 'appendEntries')
      .filter(({ to }) => to === '3')
      .map(({ prevLogIndex }) => prevLogIndex),
  ]
}

function answerHeartbeat(member: TestMember): void {
  member.tick()
  member.settle()
  member.receive({ type: 'heartbeatResponse', from: '3', term: member.term, readPosition: 0 })
}

/** The same, and 3 has said that its log is empty, so that a snapshot is on its way to it. */
function sendingLeader(): TestMember {
  const member = compactedLeader()
  rejectAt(member, 9, 0)
  expect(sent(member)).toEqual([['3'], []])
  return member
}

describe('a leader whose log was compacted (etcd: slow_follower_after_compaction)', () => {
  test.each([0, 1, 2, 3, 4, 5])('sends a snapshot to who holds no more than %i of 6', (held) => {
    const member = compactedLeader()
    rejectAt(member, 9, held)
    expect(sent(member)).toEqual([['3'], []])
  })

  test.each([6, 7, 8])(
    'sends entries to who holds %i, when the first that is left is 7',
    (held) => {
      const member = compactedLeader()
      rejectAt(member, 9, held)
      expect(sent(member)).toEqual([[], [held]])
    },
  )

  test.each([
    [5, [['3'], []]],
    [6, [[], [6]]],
    [7, [[], [7]]],
  ] as const)('when a stream is lost that 3 acknowledged to %i, sends %j', (held, expected) => {
    const member = compactedLeader({}, 0)
    member.acceptFrom('3', held)
    member.settle()
    member.log.compact(6)
    expect(sent(member)).toEqual([[], []])
    member.raft.reportUnreachable('3')
    expect(sent(member)).toEqual(expected)
  })

  test('sends a snapshot to whom the window kept waiting for what is gone now', () => {
    const member = new TestMember({ maxInflightAppends: 1 })
    member.becomeEstablishedLeader()
    for (const index of [2, 3, 4]) {
      member.raft.propose([bytes('x')], index)
      member.settle()
      member.acceptFrom('2')
    }
    member.settle()
    member.log.compact(2)
    expect(sent(member)).toEqual([[], []])
    member.log.compact(3)
    expect(sent(member)).toEqual([['3'], []])
    // The acknowledgement of what was in flight says that the snapshot is needed all the same.
    member.acceptFrom('3', 2)
    expect(sent(member)).toEqual([[], []])
  })

  test('sends a snapshot to a learner as to a voter', () => {
    const member = compactedLeader({ voters: ['1', '2'], learners: ['3'] })
    rejectAt(member, 9, 0)
    expect(sent(member)).toEqual([['3'], []])
  })
})

describe('while a snapshot is on its way', () => {
  test('nothing but heartbeats leaves', () => {
    const member = sendingLeader()
    member.raft.propose([bytes('x')], 1)
    member.raft.reportUnreachable('3')
    rejectAt(member, 9, 0)
    answerHeartbeat(member)
    member.tick()
    const messages = member.takeMessages().filter(({ to }) => to === '3')
    expect(messages.map(({ type }) => type)).toEqual(['heartbeat'])
  })

  test.each([
    [1, []],
    [5, []],
    [6, [6]],
    [7, [7]],
    [10, [10]],
    [11, [11]],
  ])('an acknowledgement of %i, of 6 that are gone, leads on to %j', (held, appends) => {
    const member = sendingLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.acceptFrom('3', held)
    expect(sent(member)).toEqual([[], appends])
    // It streams now, if it has left the state: a report that comes late does not send it back.
    member.raft.reportSnapshot('3', 6)
    member.raft.reportSnapshot('3', undefined)
    expect(sent(member)).toEqual([[], []])
    member.raft.propose([bytes('y')], 2)
    expect(sent(member)[1]).toEqual(held >= 6 ? [11] : [])
  })

  test('its receipt leads to a probe behind it, with the next heartbeat', () => {
    const member = sendingLeader()
    member.raft.reportSnapshot('3', 8)
    expect(sent(member)).toEqual([[], []])
    answerHeartbeat(member)
    expect(sent(member)).toEqual([[], [8]])
    member.acceptFrom('3', 9)
    member.raft.propose([bytes('x')], 1)
    expect(sent(member)).toEqual([[], [9]])
  })

  test('its receipt and its acknowledgement lead on at once', () => {
    const member = sendingLeader()
    member.raft.reportSnapshot('3', 8)
    member.acceptFrom('3', 8)
    expect(sent(member)).toEqual([[], [8]])
  })

  test('an acknowledgement that is older than its receipt needs another', () => {
    const member = sendingLeader()
    member.raft.reportSnapshot('3', 8)
    member.acceptFrom('3', 2)
    expect(sent(member)).toEqual([['3'], []])
  })

  test('its receipt is not believed if the follower lost it again', () => {
    const member = sendingLeader()
    member.raft.reportSnapshot('3', 8)
    answerHeartbeat(member)
    expect(sent(member)).toEqual([[], [8]])
    rejectAt(member, 8, 0)
    expect(sent(member)).toEqual([['3'], []])
  })

  test('a failure is followed by another with the next heartbeat, and not before', () => {
    const member = sendingLeader()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      member.raft.reportSnapshot('3', undefined)
      expect(sent(member)).toEqual([[], []])
      member.raft.propose([bytes('x')], 1)
      expect(sent(member)).toEqual([[], []])
      answerHeartbeat(member)
      expect(sent(member)).toEqual([['3'], []])
    }
  })

  test('to a follower that answers nothing, no other is begun', () => {
    const member = sendingLeader()
    member.raft.reportSnapshot('3', undefined)
    for (let tick = 0; tick < 30; tick += 1) {
      member.tick()
      member.receive({ type: 'heartbeatResponse', from: '2', term: 2, readPosition: 0 })
      expect(sent(member)).toEqual([[], []])
    }
    expect(member.role).toBe('leader')
  })

  test.each<[string, (member: TestMember) => void]>([
    [
      'acknowledgement',
      (member) => {
        member.acceptFrom('3', 6)
        member.raft.reportSnapshot('3', 6)
        expect(sent(member)).toEqual([[], []])
        answerHeartbeat(member)
      },
    ],
    [
      'report',
      (member) => {
        member.raft.reportSnapshot('3', 6)
        expect(sent(member)).toEqual([[], []])
        member.acceptFrom('3', 6)
      },
    ],
  ])('compacted again meanwhile: another follows the %s (catalogue 39)', (_first, end) => {
    const member = sendingLeader()
    member.log.compact(9)
    end(member)
    expect(sent(member)).toEqual([['3'], []])
    member.acceptFrom('3', 9)
    expect(sent(member)).toEqual([[], [9]])
  })

  test('reports of strangers, and of members that were removed, change nothing', () => {
    const member = sendingLeader()
    member.raft.changeMembership({ type: 'remove', id: '3' }, new Uint8Array(0))
    for (const id of ['3', '9']) member.raft.reportSnapshot(id, undefined)
    answerHeartbeat(member)
    expect(sent(member)).toEqual([[], []])
  })
})

describe('what is said of a snapshot', () => {
  test.each<[number, number, Membership]>([
    [2, 1, THREE],
    [3, 1, FOUR],
    [4, 2, FOUR],
  ])('at index %i: its term, and the membership in force there', (index, term, membership) => {
    const entries = [entry(1, 1), entry(2, 1), membershipEntry(3, 1, FOUR)]
    const member = new TestMember({ entries, appliedIndex: 3 })
    member.becomeEstablishedLeader()
    member.log.compact(2)
    const { voters, learners } = membership
    expect(member.raft.installSnapshotMessage('3', index)).toMatchObject({
      type: 'installSnapshot',
      from: '1',
      to: '3',
      term: 2,
      snapshot: { index, term, membership: { voters, learners } },
    })
  })

  test.each([
    [5, 'compacted'],
    [11, 'not committed'],
  ])('at index %i is a broken invariant: %s', (index, message) => {
    const member = compactedLeader()
    expect(() => member.raft.installSnapshotMessage('3', index)).toThrow(message)
  })

  test('is nothing if this member does not lead: two would speak for its term', () => {
    const member = sendingLeader()
    member.hearFrom('2', 3)
    member.settle()
    expect(member.raft.installSnapshotMessage('3', 9)).toBeUndefined()
  })

  test('in one term is not taken in the next, nor is its report', () => {
    const member = sendingLeader()
    const message = member.raft.installSnapshotMessage('3', 9)!
    member.hearFrom('2', 3)
    member.raft.reportSnapshot('3', 9)
    expect(sent(member)).toEqual([[], []])
    const follower = new TestMember({ id: '3', voters: ['1', '2', '3'] })
    follower.hearFrom('2', 3)
    follower.settle()
    follower.raft.step(message)
    expect(follower.log.firstIndex()).toBe(1)
    expect(follower.raft.status).toMatchObject({ term: 3, leaderId: '2' })
  })

  test('is not asked for by a leadership that has ended', () => {
    const member = compactedLeader({ voters: ['1', '2', '3', '4'] })
    member.acceptFrom('4')
    member.raft.changeMembership({ type: 'remove', id: '1' }, new Uint8Array(0))
    member.settle()
    member.acceptFrom('2')
    rejectAt(member, 9, 0)
    member.acceptFrom('4')
    expect(member.role).toBe('follower')
    expect(sent(member)).toEqual([[], []])
  })
})

describe('a member that took over a snapshot', () => {
  test('leads from it, and sends one to those behind it', () => {
    const member = new TestMember(IN_TERM_2)
    install(member, [5, 2])
    member.settle()
    member.becomeLeader()
    expect(member.log.all).toEqual([noop(6, 3)])
    expect(member.raft.ready().messages).toEqual([])
    rejectAt(member, 5, 0)
    expect(sent(member)).toEqual([['3'], []])
    expect(member.raft.installSnapshotMessage('3', 5)).toMatchObject({
      snapshot: { index: 5, term: 2, membership: THREE },
    })
  })

  test('asks for no vote before it is durable', () => {
    const member = new TestMember(IN_TERM_2)
    install(member, [5, 2])
    member.process()
    member.receive({ type: 'timeoutNow', from: '2', term: 2 })
    expect(member.process()).toMatchObject({ messages: [], append: { hardState: { term: 3 } } })
    member.completeWrite()
    expect(member.role).toBe('candidate')
    expect(member.completeWrite()).toMatchObject([
      { type: 'requestVote', to: '2', lastLogIndex: 5, lastLogTerm: 2 },
      { type: 'requestVote', to: '3', lastLogIndex: 5, lastLogTerm: 2 },
    ])
  })
})
