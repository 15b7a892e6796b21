/** Changes by one member at a time (thesis §4.1): when one may begin, and what counts from then on. */

import { describe, expect, test } from 'vitest'
import type { ChangeRefusal, MembershipChange } from './membership-change.js'
import type { LogPosition } from './raft-log.js'
import { fingerprint } from './fingerprint.js'
import {
  bytes,
  logOf,
  membershipEntry,
  noop,
  ofType,
  TestMember,
  type TestMemberOptions,
} from './test-member.test-support.js'

const NOTHING = new Uint8Array(0)

type ChangeOfOne = Exclude<MembershipChange, { type: 'updateContext' }>['type']

function change(member: TestMember, type: ChangeOfOne, id: string): LogPosition | ChangeRefusal {
  return member.raft.changeMembership({ type, id }, NOTHING)
}

function established(options: TestMemberOptions = {}): TestMember {
  const member = new TestMember(options)
  member.becomeEstablishedLeader()
  return member
}

function echo(member: TestMember, from: string, readPosition = 0): void {
  member.receive({ type: 'heartbeatResponse', from, term: member.term, readPosition })
}

describe('a change is refused', () => {
  const voters = ['1', '2', '3']
  const learners = ['4']

  test.each<[ChangeRefusal, ChangeOfOne, string]>([
    ['alreadyMember', 'addLearner', '2'],
    ['alreadyMember', 'addLearner', '4'],
    ['alreadyMember', 'addVoter', '1'],
    ['alreadyMember', 'addVoter', '4'],
    ['notMember', 'promote', '9'],
    ['notMember', 'remove', '9'],
    ['notLearner', 'promote', '1'],
    ['notLearner', 'promote', '2'],
    ['notInSync', 'promote', '4'],
  ])('as %s: %s %s', (refusal, type, id) => {
    const member = established({ voters, learners })
    expect(change(member, type, id)).toBe(refusal)
    expect(member.raft.hasReady()).toBe(false)
  })

  test('as lastVoter: nobody would be left to decide anything', () => {
    const member = established({ voters: ['1'], learners: ['2'] })
    expect(change(member, 'remove', '1')).toBe('lastVoter')
    expect(change(member, 'remove', '2')).toEqual({ index: 2, term: 1 })
  })

  test.each(['follower', 'preCandidate', 'candidate'])('as notLeader by a %s', (role) => {
    const member = new TestMember()
    if (role === 'preCandidate') member.raft.campaign()
    if (role === 'candidate') member.becomeCandidate()
    expect(change(member, 'addLearner', '4')).toBe('notLeader')
  })

  test('as notReady by a leader that has not committed an entry of its own term (2015)', () => {
    const member = new TestMember({ entries: logOf(1), appliedIndex: 1 })
    member.becomeLeader()
    expect(change(member, 'addLearner', '4')).toBe('notReady')
    member.acceptFrom('2', 1)
    expect(change(member, 'addLearner', '4')).toBe('notReady')
    member.acceptFrom('2', 2)
    expect(change(member, 'addLearner', '4')).toEqual({ index: 3, term: 2 })
  })

  test.each<MembershipChange>([
    { type: 'addLearner', id: '5' },
    { type: 'addVoter', id: '5' },
    { type: 'promote', id: '4' },
    { type: 'remove', id: '2' },
    { type: 'remove', id: '9' },
    { type: 'updateContext' },
  ])('as changePending while the one before is not committed: %o', (second) => {
    const member = established({ voters, learners })
    member.acceptFrom('4')
    change(member, 'remove', '3')
    member.settle()
    expect(member.raft.changeMembership(second, NOTHING)).toBe('changePending')
    expect(member.raft.hasReady()).toBe(false)
    member.acceptFrom('2')
    expect(member.raft.changeMembership(second, NOTHING)).not.toBe('changePending')
  })

  test('as changePending even if the one before was begun by another leader, and is committed', () => {
    const next = { voters: ['1', '2', '3'], learners: ['4'] }
    const member = new TestMember({ entries: [membershipEntry(1, 1, next)] })
    member.becomeLeader()
    expect(change(member, 'remove', '4')).toBe('notReady')
    member.acceptFrom('2')
    expect(change(member, 'remove', '4')).toEqual({ index: 3, term: 2 })
  })

  test('as transferring while the leadership is handed over', () => {
    const member = established({ voters, learners })
    member.raft.transferLeadership('2')
    expect(change(member, 'remove', '3')).toBe('transferring')
    expect(change(member, 'remove', '2')).toBe('transferring')
  })
})

describe('a change', () => {
  test('is in force as soon as it is appended, and goes out like any entry', () => {
    const member = established()
    const next = { voters: ['1', '2', '3'], learners: ['4'] }
    expect(change(member, 'addLearner', '4')).toEqual({ index: 2, term: 1 })
    const added = membershipEntry(2, 1, next)
    const message = {
      type: 'appendEntries',
      from: '1',
      term: 1,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [added],
      commitIndex: 1,
    }
    expect(member.process()).toEqual({
      status: undefined,
      membership: { index: 2, membership: { ...next, context: NOTHING } },
      append: {
        hardState: undefined,
        snapshot: undefined,
        entries: [added],
        messages: [],
        term: 1,
        index: 2,
      },
      messages: [
        { ...message, to: '2' },
        { ...message, to: '3' },
        // The newcomer is asked about the end of the log, like any follower that is not known.
        {
          ...message,
          to: '4',
          prevLogIndex: 2,
          entries: [],
          prevLogFingerprint: fingerprint(added),
        },
      ],
      committed: [],
      readStates: [],
      droppedReads: [],
      droppedProposals: [],
      snapshotsToSend: [],
    })
    expect(member.raft.membership.membership).toMatchObject(next)
  })

  test.each<[ChangeOfOne, string, string[], string[]]>([
    ['addLearner', '5', ['1', '2', '3'], ['4', '5']],
    ['addVoter', '5', ['1', '2', '3', '5'], ['4']],
    ['promote', '4', ['1', '2', '3', '4'], []],
    ['remove', '4', ['1', '2', '3'], []],
    ['remove', '2', ['1', '3'], ['4']],
    ['remove', '1', ['2', '3'], ['4']],
  ])('%s %s makes voters %j and learners %j', (...row) => {
    const [type, id, voters, learners] = row
    const member = established({ learners: ['4'] })
    member.acceptFrom('4')
    change(member, type, id)
    expect(member.raft.membership.membership).toMatchObject({ voters, learners })
  })

  test('of the context keeps the members, and takes the place of the old context', () => {
    const member = established({ learners: ['4'] })
    const context = bytes('addresses')
    expect(member.raft.changeMembership({ type: 'updateContext' }, context)).toEqual({
      index: 2,
      term: 1,
    })
    expect(member.raft.membership).toEqual({
      index: 2,
      membership: { voters: ['1', '2', '3'], learners: ['4'], context },
    })
  })

  test('is in force on a follower that only has it in its log, and after a restart', () => {
    const next = { voters: ['1', '2'], learners: ['3'] }
    const member = new TestMember({ hardState: { term: 1, votedFor: undefined } })
    member.receive({
      type: 'appendEntries',
      from: '2',
      term: 1,
      prevLogIndex: 0,
      prevLogTerm: 0,
      entries: [noop(1, 1), membershipEntry(2, 1, next)],
      commitIndex: 0,
    })
    expect(member.process().membership).toMatchObject({ index: 2, membership: next })
    expect(member.commitIndex).toBe(0)
    member.completeWrite()
    expect(member.restarted(0).raft.membership).toMatchObject({ index: 2, membership: next })
  })

  test('is undone when its entry is replaced (catalogue 45; etcd: TestNewLeaderPendingConfig)', () => {
    const member = new TestMember({
      entries: [noop(1, 1), membershipEntry(2, 1, { voters: ['1'], learners: [] })],
    })
    expect(member.raft.membership).toMatchObject({ index: 2, membership: { voters: ['1'] } })
    member.receive({
      type: 'appendEntries',
      from: '3',
      term: 2,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [noop(2, 2)],
      commitIndex: 0,
    })
    const before = { index: 0, membership: { voters: ['1', '2', '3'], learners: [] } }
    expect(member.process().membership).toEqual(before)
    member.raft.campaign()
    expect(ofType(member.takeMessages(), 'preVote').map(({ to }) => to)).toEqual(['2', '3'])
  })

  test('keeps what is known of those who stay', () => {
    const member = established({ learners: ['4'] })
    change(member, 'remove', '3')
    member.settle()
    member.acceptFrom('2')
    member.settle()
    member.raft.propose([bytes('x')], 1)
    const appends = ofType(member.takeMessages(), 'appendEntries')
    expect(appends).toMatchObject([{ to: '2', prevLogIndex: 2, entries: [{ index: 3 }] }])
  })

  test('forgets what was known of who left: if it comes back, it may have lost everything', () => {
    const member = established()
    change(member, 'remove', '3')
    member.settle()
    member.acceptFrom('2')
    change(member, 'addLearner', '3')
    member.settle()
    member.acceptFrom('2')
    expect(change(member, 'promote', '3')).toBe('notInSync')
    member.acceptFrom('3')
    expect(change(member, 'promote', '3')).toEqual({ index: 4, term: 1 })
  })
})

describe('a quorum is one of the membership in force', () => {
  type Row = [
    voters: string,
    type: ChangeOfOne,
    id: string,
    accepting: string[],
    isCommitted: boolean,
  ]

  test.each<Row>([
    ['1', 'addVoter', '2', [], false],
    ['1', 'addVoter', '2', ['2'], true],
    ['12', 'addVoter', '3', ['2'], true],
    ['12', 'addVoter', '3', ['3'], true],
    ['123', 'addVoter', '4', ['2'], false],
    ['123', 'addVoter', '4', ['2', '4'], true],
    ['123', 'remove', '3', ['2'], true],
    ['123', 'remove', '3', ['3'], false],
    ['12', 'remove', '2', [], true],
    ['1234', 'remove', '4', ['2'], true],
    ['12345', 'remove', '5', ['2'], false],
    ['12345', 'remove', '5', ['2', '3'], true],
    ['123', 'remove', '1', ['2'], false],
    ['123', 'remove', '1', ['2', '3'], true],
    ['12', 'remove', '1', [], false],
    ['12', 'remove', '1', ['2'], true],
    ['12', 'addLearner', '3', ['3'], false],
    ['12', 'addLearner', '3', ['2'], true],
  ])('of %s, %s %s: acknowledgements of %j commit it: %s', (...row) => {
    const [voters, type, id, accepting, isCommitted] = row
    const member = established({ voters: voters.split('') })
    change(member, type, id)
    member.settle()
    for (const from of accepting) member.acceptFrom(from, 2)
    expect(member.commitIndex).toBe(isCommitted ? 2 : 1)
  })

  test('a smaller one may be there at once, and makes room for proposals', () => {
    const member = established({ voters: ['1', '2', '3', '4'], maxUncommittedBytes: 20 })
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.acceptFrom('2')
    expect(member.raft.propose([bytes('y')], 2)).toBe('tooManyUncommitted')
    expect(member.commitIndex).toBe(1)
    change(member, 'remove', '4')
    expect(member.commitIndex).toBe(2)
    expect(member.raft.propose([bytes('y')], 2)).toBe('appended')
  })

  test('a smaller one may confirm at once a read that waits', () => {
    const member = established({ voters: ['1', '2', '3', '4'] })
    member.raft.readIndex(7)
    member.settle()
    echo(member, '2', 1)
    expect(member.raft.hasReady()).toBe(false)
    change(member, 'remove', '4')
    expect(member.process().readStates).toEqual([{ ref: 7, index: 1 }])
  })

  test('a larger one must confirm a read that waits', () => {
    const member = established()
    member.raft.readIndex(7)
    member.settle()
    change(member, 'addVoter', '4')
    member.settle()
    echo(member, '2', 1)
    expect(member.raft.hasReady()).toBe(false)
    member.tick()
    expect(ofType(member.takeMessages(), 'heartbeat')).toMatchObject([
      { to: '2', readPosition: 1 },
      { to: '3', readPosition: 1 },
      { to: '4', readPosition: 1 },
    ])
    echo(member, '4', 1)
    expect(member.process().readStates).toEqual([{ ref: 7, index: 1 }])
  })

  test('who was removed confirms nothing, nor does a leader that removed itself', () => {
    const member = established()
    change(member, 'remove', '1')
    member.settle()
    member.raft.readIndex(7)
    member.settle()
    echo(member, '2', 1)
    expect(member.raft.hasReady()).toBe(false)
    echo(member, '3', 1)
    expect(member.process().readStates).toEqual([{ ref: 7, index: 1 }])
  })
})

describe('CheckQuorum across a change (§6.2)', () => {
  function ticksUntilDeposed(member: TestMember, answering: readonly string[]): number {
    for (let ticks = 1; ticks <= 30; ticks += 1) {
      member.tick()
      if (member.role !== 'leader') return ticks
      for (const from of answering) echo(member, from)
    }
    return Infinity
  }

  test.each<[string, string, ChangeOfOne, string, string[], number]>([
    ['a silent newcomer that is needed is given an election timeout', '1', 'addVoter', '2', [], 10],
    ['a newcomer that answers counts', '1', 'addVoter', '2', ['2'], Infinity],
    ['a silent newcomer that is not needed does no harm', '12', 'addVoter', '3', ['2'], Infinity],
    ['a newcomer that is needed is given time', '123', 'addVoter', '4', ['2'], 10],
    ['a learner never counts', '1', 'addLearner', '2', [], Infinity],
    ['who was removed does not count', '123', 'remove', '3', ['3'], 1],
    ['who was removed is not missed', '1234', 'remove', '4', ['2'], Infinity],
    ['a leader that removed itself does not count', '123', 'remove', '1', ['2'], 1],
    ['a leader that removed itself is not missed', '12', 'remove', '1', ['2'], Infinity],
  ])('%s (%s, %s %s, %j answer)', (...row) => {
    const [, voters, type, id, answering, expected] = row
    const member = established({ voters: voters.split(''), electionTicks: 10 })
    for (let tick = 0; tick < 9; tick += 1) {
      member.tick()
      for (const from of answering) echo(member, from)
    }
    change(member, type, id)
    expect(ticksUntilDeposed(member, answering)).toBe(expected)
  })
})

describe('a learner is promoted', () => {
  test.each([
    [16, 'notInSync'],
    [17, 'notInSync'],
    [18, { index: 21, term: 2 }],
    [20, { index: 21, term: 2 }],
  ])('if it holds nearly everything: %i of 20 (etcd: readyPercentThreshold)', (held, expected) => {
    const entries = logOf(...Array.from({ length: 19 }, () => 1))
    const member = established({ voters: ['1'], learners: ['2'], entries })
    member.acceptFrom('2', held)
    expect(change(member, 'promote', '2')).toEqual(expected)
  })

  test('if it was heard within an election timeout: a dead one would hold up commits', () => {
    const member = established({ voters: ['1', '2'], learners: ['3'], electionTicks: 10 })
    member.acceptFrom('3')
    for (let tick = 0; tick < 10; tick += 1) {
      member.tick()
      echo(member, '2')
    }
    expect(change(member, 'promote', '3')).toBe('notInSync')
    echo(member, '3')
    expect(change(member, 'promote', '3')).toEqual({ index: 2, term: 1 })
  })

  test('if it needs no snapshot first, which takes its time however little it lacks', () => {
    const entries = logOf(...Array.from({ length: 19 }, () => 1))
    const member = established({ voters: ['1'], learners: ['2'], entries })
    member.acceptFrom('2', 18)
    member.settle()
    member.log.compact(19)
    member.raft.reportUnreachable('2')
    expect(member.process().snapshotsToSend).toEqual(['2'])
    expect(change(member, 'promote', '2')).toBe('notInSync')
    member.acceptFrom('2', 19)
    expect(change(member, 'promote', '2')).toEqual({ index: 21, term: 2 })
  })

  test('and campaigns from then on, though nobody may have told it that it is committed', () => {
    const entries = [noop(1, 1), membershipEntry(2, 1, { voters: ['2', '3', '1'], learners: [] })]
    const learner = new TestMember({ voters: ['2', '3'], learners: ['1'] })
    learner.tick(50)
    expect(learner.role).toBe('follower')
    const promoted = new TestMember({ voters: ['2', '3'], learners: ['1'], entries })
    promoted.tick(50)
    expect(promoted.role).toBe('preCandidate')
  })

  test('by a candidate that knows of it, whose votes it gives (etcd: TestLearnerCanVote)', () => {
    const learner = new TestMember({ voters: ['2', '3'], learners: ['1'] })
    learner.receive({
      type: 'requestVote',
      from: '2',
      term: 1,
      lastLogIndex: 0,
      lastLogTerm: 0,
      isTransfer: false,
    })
    expect(learner.takeMessages()).toMatchObject([{ type: 'requestVoteResponse', granted: true }])
  })
})

describe('what a driver asks about the members', () => {
  test('the newest membership that is committed, while another one is in force', () => {
    const member = established()
    const before = { index: 0, membership: { voters: ['1', '2', '3'], learners: [] } }
    expect(member.raft.committedMembership).toEqual(before)
    change(member, 'remove', '3')
    expect(member.raft.committedMembership).toEqual(before)
    expect(member.raft.membership.index).toBe(2)
    member.settle()
    member.acceptFrom('2')
    expect(member.raft.committedMembership).toEqual(member.raft.membership)
    expect(member.raft.committedMembership).toMatchObject({
      index: 2,
      membership: { voters: ['1', '2'] },
    })
  })

  test('whether the entry that was begun is committed, or another in its place', () => {
    const member = established()
    const begun = change(member, 'remove', '3')
    expect(begun).toEqual({ index: 2, term: 1 })
    const isCommitted = (term: number): boolean => member.raft.isCommitted({ index: 2, term })
    expect([isCommitted(1), isCommitted(0)]).toEqual([false, false])
    member.settle()
    member.acceptFrom('2')
    expect([isCommitted(1), isCommitted(0)]).toEqual([true, false])
  })

  test('who was heard within an election timeout; nobody but a leader can tell', () => {
    const member = established({ electionTicks: 10, learners: ['4'] })
    const active = (): string[] =>
      ['1', '2', '3', '4', '9'].filter((id) => member.raft.isActive(id))
    expect(active()).toEqual(['1', '2', '3', '4'])
    for (let tick = 0; tick < 10; tick += 1) {
      member.tick()
      echo(member, '3')
    }
    expect(active()).toEqual(['1', '3'])
    member.hearFrom('2', 2)
    expect(active()).toEqual([])
  })
})
