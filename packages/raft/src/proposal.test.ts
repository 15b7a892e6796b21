/** Proposals: appending, forwarding once, refusing, and the bound on what is uncommitted. */

import { describe, expect, test } from 'vitest'
import { bytes, entry, noop, ofType, TestMember } from './test-member.test-support.js'

describe('proposing', () => {
  test('on a leader appends the commands in order', () => {
    const member = new TestMember({ voters: ['1'] })
    member.becomeEstablishedLeader()
    expect(member.raft.propose([bytes('2'), bytes('3')], 9)).toBe('appended')
    expect(member.process().append?.entries).toEqual([entry(2, 1), entry(3, 1)])
  })

  test('on a follower passes the commands to the leader, once', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    const commands = [bytes('a'), bytes('b')]
    expect(member.raft.propose(commands, 9)).toBe('forwarded')
    expect(member.takeMessages()).toEqual([
      { type: 'forwardProposal', from: '1', to: '2', term: 1, ref: 9, commands },
    ])
    expect(member.raft.hasReady()).toBe(false)
  })

  test.each(['follower', 'preCandidate', 'candidate'])(
    'on a %s without a leader is refused',
    (role) => {
      const member = new TestMember()
      if (role === 'preCandidate') member.raft.campaign()
      if (role === 'candidate') member.becomeCandidate()
      expect(member.role).toBe(role)
      expect(member.raft.propose([bytes('a')], 9)).toBe('noLeader')
    },
  )

  test('nothing is a broken invariant', () => {
    expect(() => new TestMember().raft.propose([], 1)).toThrow('at least one command')
  })
})

describe('a forwarded proposal', () => {
  const forward = { type: 'forwardProposal', from: '3', ref: 9, commands: [bytes('a')] } as const

  test('is appended by the leader of the term in which it was sent', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.receive({ ...forward, term: 1 })
    expect(ofType(member.takeMessages(), 'forwardProposalRejected')).toEqual([])
    expect(member.log.all.at(-1)).toEqual(entry(2, 1, 'a'))
  })

  test('is refused by the leader of a later term: its sender may count it as lost', () => {
    const member = new TestMember({ hardState: { term: 1, votedFor: undefined } })
    member.becomeEstablishedLeader()
    expect(member.term).toBe(2)
    member.receive({ ...forward, term: 1 })
    expect(member.takeMessages()).toEqual([
      { type: 'forwardProposalRejected', from: '1', to: '3', term: 2, ref: 9 },
    ])
    expect(member.log.all.at(-1)).toEqual(noop(1, 2))
  })

  test.each([0, 1, 2])('is refused and never passed on by a follower, sent in term %i', (term) => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    member.receive({ ...forward, term })
    expect(member.takeMessages()).toEqual([
      {
        type: 'forwardProposalRejected',
        from: '1',
        to: '3',
        term: Math.max(1, term),
        ref: 9,
      },
    ])
  })

  test('is refused when too much is uncommitted', () => {
    const member = new TestMember({ maxUncommittedBytes: 20 })
    member.becomeEstablishedLeader()
    member.receive({ ...forward, term: 1 })
    member.receive({ ...forward, term: 1, ref: 10 })
    expect(ofType(member.takeMessages(), 'forwardProposalRejected')).toMatchObject([{ ref: 10 }])
  })

  test.each([0, 1, 5])('that was refused in term %i is reported to its proposer', (term) => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    member.receive({ type: 'forwardProposalRejected', from: '2', term, ref: 9 })
    expect(member.raft.ready().droppedProposals).toEqual([9])
  })
})

describe('what is uncommitted is bounded by bytes', () => {
  test('and one proposal of any size is accepted when nothing is', () => {
    const member = new TestMember({ maxUncommittedBytes: 100 })
    member.becomeEstablishedLeader()
    expect(member.raft.propose([new Uint8Array(1_000)], 1)).toBe('appended')
    expect(member.raft.propose([bytes('a')], 2)).toBe('tooManyUncommitted')
    member.settle()
    member.acceptFrom('2')
    expect(member.raft.propose([bytes('a')], 3)).toBe('appended')
  })

  test('up to the limit, which counts every entry with its overhead', () => {
    const member = new TestMember({ maxUncommittedBytes: 51 })
    member.becomeEstablishedLeader()
    const results = [1, 2, 3, 4].map((ref) => member.raft.propose([bytes('x')], ref))
    expect(results).toEqual(['appended', 'appended', 'appended', 'tooManyUncommitted'])
    expect(member.process().append?.entries).toHaveLength(3)
  })

  test("and the leader's own disk may be what frees it", () => {
    const member = new TestMember({ voters: ['1'], maxUncommittedBytes: 20 })
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    expect(member.raft.propose([bytes('y')], 2)).toBe('tooManyUncommitted')
    member.settle()
    expect(member.raft.propose([bytes('y')], 2)).toBe('appended')
  })

  test('and a new leadership starts counting anew', () => {
    const member = new TestMember({ maxUncommittedBytes: 20 })
    member.becomeLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.hearFrom('2', 2)
    member.settle()
    member.becomeLeader()
    expect(member.raft.propose([bytes('y')], 2)).toBe('appended')
  })
})
