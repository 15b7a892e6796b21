/** PreVote (thesis §9.6), CheckQuorum (§6.2), the vote lease (§4.2.3), and their known bugs. */

import { describe, expect, test } from 'vitest'
import { logOf, ofType, TestMember } from './test-member.test-support.js'

describe('PreVote (thesis §9.6)', () => {
  test('a pre-candidate keeps its term and its vote, and asks about the next term', () => {
    const member = new TestMember({ hardState: { term: 4, votedFor: '3' }, entries: logOf(2, 4) })
    member.raft.campaign()
    const { status, append, messages } = member.raft.ready()
    expect(status).toEqual({ role: 'preCandidate', term: 4, leaderId: undefined, commitIndex: 0 })
    expect(append).toBeUndefined()
    const request = { type: 'preVote', from: '1', term: 5, lastLogIndex: 2, lastLogTerm: 4 }
    expect(messages).toEqual([
      { ...request, to: '2' },
      { ...request, to: '3' },
    ])
  })

  test('an isolated member campaigns for ever without raising its term', () => {
    const member = new TestMember({ hardState: { term: 3, votedFor: undefined } })
    member.tick(1_000)
    expect(member.raft.status).toMatchObject({ role: 'preCandidate', term: 3 })
  })

  test('a granted pre-vote changes neither term, vote nor timer (catalogue 7e)', () => {
    const reference = new TestMember()
    const member = new TestMember()
    member.tick(9)
    reference.tick(9)
    member.receive({ type: 'preVote', from: '2', term: 8, lastLogIndex: 0, lastLogTerm: 0 })
    const { append, messages } = member.raft.ready()
    expect(append).toBeUndefined()
    expect(messages).toEqual([
      { type: 'preVoteResponse', from: '1', to: '2', term: 8, granted: true },
    ])
    expect(member.term).toBe(0)
    while (reference.role === 'follower') {
      reference.tick()
      member.tick()
    }
    expect(member.role).toBe('preCandidate')
  })

  test('a voter of an older term helps to elect without adopting the term (catalogue 7a)', () => {
    const member = new TestMember({ hardState: { term: 1, votedFor: '1' } })
    member.receive({ type: 'preVote', from: '2', term: 6, lastLogIndex: 0, lastLogTerm: 0 })
    expect(member.takeMessages()).toMatchObject([{ granted: true, term: 6 }])
    expect(member.term).toBe(1)
  })

  test('a pre-candidate of an older term learns the later one from the refusal (catalogue 7a)', () => {
    const member = new TestMember({ hardState: { term: 1, votedFor: undefined } })
    member.raft.campaign()
    member.receive({ type: 'preVoteResponse', from: '2', term: 5, granted: false })
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 5 })
  })

  test('a pre-vote for the present term goes where the vote could go', () => {
    const ask = { type: 'preVote', term: 4, lastLogIndex: 0, lastLogTerm: 0 } as const
    const voted = new TestMember({ hardState: { term: 4, votedFor: '2' } })
    voted.receive({ ...ask, from: '2' })
    voted.receive({ ...ask, from: '3' })
    expect(voted.takeMessages()).toMatchObject([{ granted: true }, { granted: false }])
    const free = new TestMember({ hardState: { term: 4, votedFor: undefined } })
    free.receive({ ...ask, from: '3' })
    expect(free.takeMessages()).toMatchObject([{ granted: true }])
  })

  test('a quorum of pre-votes starts the election, a quorum of refusals ends it', () => {
    const winner = new TestMember()
    winner.raft.campaign()
    winner.receive({ type: 'preVoteResponse', from: '2', term: 1, granted: true })
    expect(winner.raft.status).toMatchObject({ role: 'candidate', term: 1 })
    const loser = new TestMember()
    loser.raft.campaign()
    for (const from of ['2', '3']) {
      loser.receive({ type: 'preVoteResponse', from, term: 0, granted: false })
    }
    expect(loser.raft.status).toMatchObject({ role: 'follower', term: 0 })
  })

  test('a pre-vote is never counted as a vote (catalogue 7b)', () => {
    const member = new TestMember({ voters: ['1', '2', '3', '4', '5'] })
    member.becomeCandidate()
    member.settle()
    for (const from of ['2', '3', '4', '5']) {
      member.receive({ type: 'preVoteResponse', from, term: 1, granted: true })
      member.receive({ type: 'preVoteResponse', from, term: 2, granted: true })
    }
    expect(member.raft.status).toMatchObject({ role: 'candidate', term: 1 })
  })

  test('a vote of the lost election is not counted in the next pre-election (catalogue 7b)', () => {
    const member = new TestMember()
    member.becomeCandidate()
    member.settle()
    member.raft.campaign()
    member.receive({ type: 'requestVoteResponse', from: '2', term: 1, granted: true })
    expect(member.role).toBe('preCandidate')
  })

  test('a grant for an earlier campaign is void', () => {
    const member = new TestMember({ hardState: { term: 2, votedFor: undefined } })
    member.raft.campaign()
    member.receive({ type: 'preVoteResponse', from: '2', term: 2, granted: true })
    expect(member.role).toBe('preCandidate')
    member.receive({ type: 'preVoteResponse', from: '2', term: 7, granted: true })
    expect(member.raft.status).toMatchObject({ role: 'preCandidate', term: 2 })
  })

  test('word from the leader ends a pre-election', () => {
    const member = new TestMember({ hardState: { term: 2, votedFor: '2' } })
    member.raft.campaign()
    member.hearFrom('2', 2)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 2, leaderId: '2' })
  })

  test('a former leader that asks is not turned away because it is remembered (catalogue 7d)', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    member.receive({ type: 'preVote', from: '3', term: 2, lastLogIndex: 0, lastLogTerm: 0 })
    expect(member.takeMessages()).toEqual([])
    member.receive({ type: 'preVote', from: '2', term: 2, lastLogIndex: 0, lastLogTerm: 0 })
    expect(member.takeMessages()).toMatchObject([{ type: 'preVoteResponse', granted: true }])
  })
})

describe('the vote lease (thesis §4.2.3)', () => {
  test.each(['preVote', 'requestVote'] as const)(
    'a follower that hears a leader ignores a %s, without an answer or the term',
    (type) => {
      const member = new TestMember({ electionTicks: 10 })
      member.hearFrom('2', 1)
      member.settle()
      const ask = {
        type,
        from: '3',
        term: 9,
        lastLogIndex: 9,
        lastLogTerm: 9,
        isTransfer: false,
      } as const
      member.tick(9)
      member.receive(ask)
      expect(member.takeMessages()).toEqual([])
      expect(member.raft.status).toMatchObject({ term: 1, leaderId: '2' })
      member.tick()
      member.receive(ask)
      expect(member.takeMessages()).toMatchObject([{ granted: true, term: 9 }])
    },
  )

  test('a follower that forgets its leader votes at once, and follows it again on its word', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    member.raft.readIndex(7)
    member.raft.forgetLeader()
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 1, leaderId: undefined })
    expect(member.raft.ready().droppedReads).toEqual([7])
    member.receive({ type: 'preVote', from: '3', term: 2, lastLogIndex: 0, lastLogTerm: 0 })
    expect(member.takeMessages()).toMatchObject([{ type: 'preVoteResponse', granted: true }])
    member.hearFrom('2', 1)
    expect(member.raft.status).toMatchObject({ leaderId: '2' })
  })

  test('forgetting the leader does nothing on a leader', () => {
    const member = new TestMember()
    member.becomeLeader()
    member.raft.forgetLeader()
    expect(member.role).toBe('leader')
  })

  test('a leader ignores candidates', () => {
    const member = new TestMember()
    member.becomeLeader()
    member.settle()
    for (const type of ['preVote', 'requestVote'] as const) {
      member.receive({
        type,
        from: '3',
        term: 9,
        lastLogIndex: 9,
        lastLogTerm: 9,
        isTransfer: false,
      })
    }
    expect(member.takeMessages()).toEqual([])
    expect(member.raft.status).toMatchObject({ role: 'leader', term: 1 })
  })

  test('a pre-candidate has given up its leader and votes for others', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    member.raft.campaign()
    member.receive({ type: 'preVote', from: '3', term: 2, lastLogIndex: 0, lastLogTerm: 0 })
    expect(ofType(member.takeMessages(), 'preVoteResponse')).toMatchObject([{ granted: true }])
  })

  test('a member that is unfit to lead gives up a silent leader, votes for others, and does not campaign', () => {
    const member = new TestMember({ electionTicks: 10, hardState: { term: 1, votedFor: '2' } })
    const passTicks = (count: number): void => {
      for (let tick = 0; tick < count; tick += 1) member.raft.tick(1, false)
    }
    const ask = { from: '3', term: 2, lastLogIndex: 0, lastLogTerm: 0 } as const
    member.hearFrom('2')
    passTicks(9)
    member.receive({ type: 'preVote', ...ask })
    expect(member.takeMessages().map(({ type }) => type)).toEqual(['heartbeatResponse'])
    passTicks(1)
    member.receive({ type: 'preVote', ...ask })
    expect(member.takeMessages()).toMatchObject([{ type: 'preVoteResponse', granted: true }])
    passTicks(30)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 1, leaderId: undefined })
    member.receive({ type: 'requestVote', ...ask, isTransfer: false })
    expect(member.takeMessages()).toMatchObject([{ type: 'requestVoteResponse', granted: true }])
    passTicks(30)
    expect(member.takeMessages()).toEqual([])
    member.tick()
    expect(member.role).toBe('preCandidate')
  })

  test('a candidate that has become unfit to lead gives up when its election has taken too long', () => {
    const member = new TestMember({ electionTicks: 10 })
    member.becomeCandidate()
    for (let tick = 0; tick < 20; tick += 1) member.raft.tick(1, false)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 1 })
  })

  test('a stuck candidate of a later term frees itself by its answer to the leader', () => {
    const stuck = new TestMember({ id: '3', hardState: { term: 7, votedFor: '3' } })
    const leader = new TestMember()
    leader.becomeLeader()
    stuck.receive({ type: 'heartbeat', from: '1', term: 1, commitIndex: 0, readPosition: 3 })
    const [answer] = stuck.takeMessages()
    expect(answer).toEqual({
      type: 'heartbeatResponse',
      from: '3',
      to: '1',
      term: 7,
      readPosition: 0,
    })
    leader.raft.step(answer!)
    expect(leader.raft.status).toMatchObject({ role: 'follower', term: 7 })
  })
})

describe('CheckQuorum (thesis §6.2)', () => {
  const hear = (member: TestMember, from: string): void =>
    member.receive({ type: 'heartbeatResponse', from, term: member.term, readPosition: 0 })

  test('a leader cut off from the quorum steps down after exactly one election timeout', () => {
    const member = new TestMember({ electionTicks: 10 })
    member.becomeLeader()
    member.tick(5)
    hear(member, '2')
    member.tick(9)
    expect(member.role).toBe('leader')
    member.tick()
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 1, leaderId: undefined })
  })

  test('a leader that hears a quorum stays', () => {
    const member = new TestMember({ voters: ['1', '2', '3', '4', '5'], electionTicks: 10 })
    member.becomeLeader()
    for (let tick = 0; tick < 100; tick += 1) {
      member.tick()
      if (tick % 5 === 0) hear(member, '2')
      if (tick % 7 === 0) hear(member, '4')
    }
    expect(member.role).toBe('leader')
  })

  test('learners and strangers are no quorum', () => {
    const member = new TestMember({ learners: ['4', '5'], electionTicks: 10 })
    member.becomeLeader()
    for (let tick = 0; tick < 10; tick += 1) {
      member.tick()
      for (const from of ['4', '5', '9']) hear(member, from)
    }
    expect(member.role).toBe('follower')
  })

  test('a stalled leader counts all missed ticks and doubts itself first', () => {
    const member = new TestMember({ electionTicks: 10 })
    member.becomeLeader()
    hear(member, '2')
    member.raft.tick(10)
    expect(member.role).toBe('follower')
  })

  test('a stalled follower counts missed ticks as one and reads its inbox first', () => {
    const member = new TestMember({ electionTicks: 10 })
    member.raft.tick(100)
    expect(member.role).toBe('follower')
  })

  test('a leader that is its own quorum stays', () => {
    const member = new TestMember({ voters: ['1'] })
    member.becomeLeader()
    member.tick(100)
    expect(member.role).toBe('leader')
  })
})

describe('who cannot be elected', () => {
  test('a learner never campaigns, but votes when it is asked', () => {
    const member = new TestMember({ id: '4', learners: ['4'] })
    member.tick(100)
    member.raft.campaign()
    expect(member.role).toBe('follower')
    expect(member.raft.hasReady()).toBe(false)
    member.receive({
      type: 'requestVote',
      from: '2',
      term: 1,
      lastLogIndex: 0,
      lastLogTerm: 0,
      isTransfer: false,
    })
    expect(member.takeMessages()).toMatchObject([{ type: 'requestVoteResponse', granted: true }])
  })

  test('a member outside the membership never campaigns', () => {
    const member = new TestMember({ id: '9' })
    member.tick(100)
    member.raft.campaign()
    expect(member.role).toBe('follower')
  })

  test('nobody asks a learner for its vote', () => {
    const member = new TestMember({ learners: ['4'] })
    member.becomeCandidate()
    expect(member.takeMessages().map(({ to }) => to)).toEqual(['2', '3', '2', '3'])
  })
})
