/** The end of a leader that is removed (thesis §4.2.2): it leads on without counting, then hands over. */

import { describe, expect, test } from 'vitest'
import type { Message } from './message.js'
import type { Ready } from './ready.js'
import {
  bytes,
  entry,
  membershipEntry,
  noop,
  ofType,
  TestMember,
  type TestMemberOptions,
} from './test-member.test-support.js'

/** Leads term 1, and has removed itself at index 2, which nobody has acknowledged yet. */
function removedLeader(options: TestMemberOptions = {}): TestMember {
  const member = new TestMember(options)
  member.becomeEstablishedLeader()
  member.raft.changeMembership({ type: 'remove', id: '1' }, new Uint8Array(0))
  member.settle()
  return member
}

describe('a leader that has removed itself', () => {
  test('takes proposals until its removal is committed', () => {
    const member = removedLeader()
    expect(member.raft.propose([bytes('x')], 1)).toBe('appended')
    const appends = ofType(member.takeMessages(), 'appendEntries')
    expect(appends.map(({ to, entries }) => [to, entries.length])).toEqual([
      ['2', 1],
      ['3', 1],
    ])
    expect(member.role).toBe('leader')
  })

  test('commits only what a quorum of the others holds (etcd: confchange_v1_remove_leader)', () => {
    const member = removedLeader({ voters: ['1', '2', '3', '4', '5'] })
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.acceptFrom('2', 3)
    member.acceptFrom('3', 3)
    expect(member.commitIndex).toBe(1)
    member.acceptFrom('4', 2)
    expect(member.commitIndex).toBe(2)
    expect(member.role).toBe('follower')
  })

  test('says what is committed and who should lead, with its last words', () => {
    const member = removedLeader()
    member.acceptFrom('2')
    expect(member.role).toBe('leader')
    member.acceptFrom('3')
    const news = { type: 'appendEntries', from: '1', term: 1, prevLogIndex: 2, prevLogTerm: 1 }
    expect(member.process()).toEqual<Ready>({
      status: { role: 'follower', term: 1, leaderId: undefined, commitIndex: 2 },
      membership: undefined,
      append: undefined,
      messages: [
        { ...news, to: '2', entries: [], commitIndex: 2 } as Message,
        { ...news, to: '3', entries: [], commitIndex: 2 } as Message,
        { type: 'timeoutNow', from: '1', to: '2', term: 1 },
      ],
      committed: [membershipEntry(2, 1, { voters: ['2', '3'], learners: [] })],
      readStates: [],
      droppedReads: [],
      droppedProposals: [],
      snapshotsToSend: [],
    })
  })

  test.each<[string, readonly [string, number][], string]>([
    [
      'the first of those that hold everything',
      [
        ['2', 4],
        ['3', 4],
      ],
      '2',
    ],
    [
      'the one that holds more',
      [
        ['2', 3],
        ['3', 4],
      ],
      '3',
    ],
    [
      'not a learner',
      [
        ['4', 4],
        ['2', 2],
        ['3', 3],
      ],
      '3',
    ],
  ])('asks %s to take over', (_who, acknowledged, heir) => {
    const member = removedLeader({ learners: ['4'] })
    member.raft.propose([bytes('x'), bytes('y')], 1)
    member.settle()
    for (const [from, index] of acknowledged) member.acceptFrom(from, index)
    expect(ofType(member.takeMessages(), 'timeoutNow').map(({ to }) => to)).toEqual([heir])
  })

  test('sends its successor what it lacks before it asks it to take over', () => {
    const member = removedLeader()
    member.raft.propose([bytes('x')], 1)
    member.acceptFrom('2', 2)
    member.acceptFrom('3', 2)
    const toHeir = member.takeMessages().filter(({ to }) => to === '2')
    expect(toHeir).toMatchObject([
      { type: 'appendEntries', prevLogIndex: 2, entries: [{ index: 3 }], commitIndex: 2 },
      { type: 'timeoutNow' },
    ])
  })

  test('is gone for its reads and its proposers', () => {
    const member = removedLeader()
    member.raft.readIndex(7)
    member.settle()
    member.raft.readIndex(8)
    member.receive({ type: 'readIndexRequest', from: '3', term: 1, ref: 9 })
    member.acceptFrom('2')
    member.acceptFrom('3')
    const ready = member.process()
    expect(ready.droppedReads).toEqual([7, 8])
    expect(ofType(ready.messages, 'readIndexResponse')).toMatchObject([{ ref: 9, to: '3' }])
    expect(ofType(ready.messages, 'readIndexResponse')[0]?.index).toBeUndefined()
    expect(member.raft.propose([bytes('x')], 1)).toBe('noLeader')
    expect(member.raft.transferLeadership('2')).toBe('notLeader')
  })

  test('never campaigns again', () => {
    const member = removedLeader()
    member.acceptFrom('2')
    member.acceptFrom('3')
    member.settle()
    member.tick(100)
    member.raft.campaign()
    member.receive({ type: 'timeoutNow', from: '2', term: 2 })
    expect(member.role).toBe('follower')
    expect(ofType(member.takeMessages(), 'preVote')).toEqual([])
  })

  test('retires by its own disk where nobody else is needed: it may be the last to write', () => {
    const member = new TestMember({ voters: ['1', '2'] })
    member.becomeEstablishedLeader()
    member.raft.changeMembership({ type: 'remove', id: '1' }, new Uint8Array(0))
    member.process()
    member.acceptFrom('2', 2)
    expect(member.role).toBe('follower')
    // The entry is committed, and applied when this disk has it as well.
    expect(member.process().committed).toEqual([])
    member.completeWrite()
    expect(member.process().committed).toMatchObject([{ index: 2, kind: 'membership' }])
  })

  test('that is removed by another leader steps down as soon as it hears of that one', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    const next = membershipEntry(3, 2, { voters: ['2', '3'], learners: [] })
    member.receive({
      type: 'appendEntries',
      from: '2',
      term: 2,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [noop(2, 2), next],
      commitIndex: 3,
    })
    member.settle()
    member.tick(50)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 2, leaderId: '2' })
  })
})

describe('a member whose removal is not known to be committed (thesis §4.2.2)', () => {
  const removal = membershipEntry(2, 1, { voters: ['2', '3'], learners: [] })

  test('campaigns, since its log may be the only one that can win, without its own vote', () => {
    const member = new TestMember({ entries: [entry(1, 1), removal] })
    member.raft.campaign()
    expect(ofType(member.takeMessages(), 'preVote').map(({ to }) => to)).toEqual(['2', '3'])
    member.receive({ type: 'preVoteResponse', from: '2', term: 2, granted: true })
    expect(member.role).toBe('preCandidate')
    member.receive({ type: 'preVoteResponse', from: '3', term: 2, granted: true })
    expect(member.role).toBe('candidate')
    member.settle()
    member.receive({ type: 'requestVoteResponse', from: '2', term: 2, granted: true })
    expect(member.role).toBe('candidate')
    member.receive({ type: 'requestVoteResponse', from: '3', term: 2, granted: true })
    expect(member.role).toBe('leader')
    member.settle()
    member.acceptFrom('2')
    member.acceptFrom('3')
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 2, commitIndex: 3 })
  })

  test('does not campaign once it is known', () => {
    const member = new TestMember({ entries: [entry(1, 1), removal] })
    member.receive({ type: 'heartbeat', from: '2', term: 1, commitIndex: 2, readPosition: 0 })
    member.settle()
    member.tick(100)
    expect(member.role).toBe('follower')
  })
})
