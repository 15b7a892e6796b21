/** The rules of elections (Raft §5.1, §5.2, §5.4.1), one test each. */

import { describe, expect, test } from 'vitest'
import type { Message } from './message.js'
import { logOf, ofType, TestMember, type Content } from './test-member.test-support.js'

describe('terms (§5.1)', () => {
  const fromTerm2: readonly Content[] = [
    { type: 'requestVote', from: '2', term: 2, lastLogIndex: 0, lastLogTerm: 0, isTransfer: false },
    { type: 'requestVoteResponse', from: '2', term: 2, granted: false },
    { type: 'preVoteResponse', from: '2', term: 2, granted: false },
    { type: 'appendEntriesAccepted', from: '2', term: 2, matchIndex: 0 },
    { type: 'heartbeatResponse', from: '2', term: 2, readPosition: 0 },
    { type: 'readIndexRequest', from: '2', term: 2, ref: 1 },
    { type: 'forwardProposalRejected', from: '2', term: 2, ref: 1 },
  ]

  test.each(fromTerm2)(
    'a candidate that sees a later term in $type becomes a follower',
    (later) => {
      const member = new TestMember()
      member.becomeCandidate()
      expect(member.role).toBe('candidate')
      member.receive(later)
      expect(member.raft.status).toMatchObject({ role: 'follower', term: 2, leaderId: undefined })
    },
  )

  test.each(fromTerm2.slice(1))('a leader that sees a later term in $type steps down', (later) => {
    const member = new TestMember()
    member.becomeLeader()
    member.receive(later)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 2, leaderId: undefined })
  })

  test.each<Content>([
    { type: 'heartbeat', from: '2', term: 2, commitIndex: 0, readPosition: 0 },
    {
      type: 'appendEntries',
      from: '2',
      term: 2,
      prevLogIndex: 0,
      prevLogTerm: 0,
      entries: [],
      commitIndex: 0,
    },
  ])('a leader that sees a later term in $type follows its sender', (later) => {
    const member = new TestMember()
    member.becomeLeader()
    member.receive(later)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 2, leaderId: '2' })
  })

  test('a new term is written before anything that speaks of it leaves', () => {
    const member = new TestMember({ hardState: { term: 3, votedFor: '2' } })
    member.hearFrom('2', 4)
    expect(member.raft.ready().append).toMatchObject({
      hardState: { term: 4, votedFor: undefined },
    })
  })

  test('a message of an earlier term changes nothing', () => {
    const member = new TestMember({ hardState: { term: 5, votedFor: '3' }, entries: logOf(1, 5) })
    member.becomeLeader()
    const before = member.raft.status
    const stale: readonly Content[] = [
      { type: 'requestVoteResponse', from: '2', term: 5, granted: true },
      { type: 'appendEntriesAccepted', from: '2', term: 5, matchIndex: 3 },
      { type: 'heartbeatResponse', from: '2', term: 5, readPosition: 9 },
      { type: 'readIndexResponse', from: '2', term: 5, ref: 1, index: 9 },
      {
        type: 'appendEntriesRejected',
        from: '2',
        term: 5,
        prevLogIndex: 2,
        hintIndex: 0,
        hintTerm: 0,
      },
    ]
    for (const content of stale) member.receive(content)
    expect(member.raft.status).toEqual(before)
    expect(member.raft.hasReady()).toBe(false)
  })

  test.each<[Content, Message['type']]>([
    [
      {
        type: 'requestVote',
        from: '2',
        term: 4,
        lastLogIndex: 9,
        lastLogTerm: 4,
        isTransfer: false,
      },
      'requestVoteResponse',
    ],
    [{ type: 'preVote', from: '2', term: 4, lastLogIndex: 9, lastLogTerm: 4 }, 'preVoteResponse'],
    [
      { type: 'heartbeat', from: '2', term: 4, commitIndex: 0, readPosition: 7 },
      'heartbeatResponse',
    ],
    [{ type: 'readIndexRequest', from: '2', term: 4, ref: 1 }, 'readIndexResponse'],
  ])('a request of an earlier term is refused with the present term: %o', (content, type) => {
    const member = new TestMember({ hardState: { term: 5, votedFor: undefined } })
    member.receive(content)
    const [answer, ...rest] = member.takeMessages()
    expect(answer).toMatchObject({ type, to: '2', term: 5 })
    expect(rest).toEqual([])
    if (answer?.type === 'heartbeatResponse') expect(answer.readPosition).toBe(0)
    if (answer?.type === 'readIndexResponse') expect(answer.index).toBeUndefined()
    expect(member.raft.status).toMatchObject({ term: 5, leaderId: undefined })
  })

  test('entries of an earlier term are refused, and the log stays as it is', () => {
    const member = new TestMember({
      hardState: { term: 5, votedFor: undefined },
      entries: logOf(1, 5),
    })
    member.receive({
      type: 'appendEntries',
      from: '2',
      term: 4,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [{ index: 2, term: 4, kind: 'noop', data: new Uint8Array(0) }],
      commitIndex: 2,
    })
    expect(member.takeMessages()).toMatchObject([
      { type: 'appendEntriesRejected', term: 5, prevLogIndex: 1, hintIndex: 1, hintTerm: 1 },
    ])
    expect(member.terms).toEqual([1, 5])
    expect(member.commitIndex).toBe(0)
  })

  test('a message that is addressed to somebody else is ignored', () => {
    const member = new TestMember()
    member.raft.step({ type: 'requestVoteResponse', from: '2', to: '3', term: 9, granted: false })
    expect(member.term).toBe(0)
  })
})

describe('starting an election (§5.2)', () => {
  test('a member starts as a follower of nobody', () => {
    const { raft } = new TestMember()
    expect(raft.status).toEqual({
      role: 'follower',
      term: 0,
      leaderId: undefined,
      commitIndex: 0,
    })
    expect(raft.hasReady()).toBe(false)
  })

  test('a follower that hears from its leader before each timeout never campaigns', () => {
    const member = new TestMember({ electionTicks: 10 })
    for (let round = 0; round < 50; round += 1) {
      member.hearFrom('2', 1)
      member.tick(9)
      expect(member.role).toBe('follower')
    }
  })

  test.each(['follower', 'candidate', 'preCandidate'])(
    'a %s campaigns after a timeout drawn from [electionTicks, 2 × electionTicks)',
    (role) => {
      const seen = new Set<number>()
      for (let seed = 0; seed < 200; seed += 1) {
        const member = new TestMember({ electionTicks: 10, seed })
        if (role === 'candidate') member.becomeCandidate()
        if (role === 'preCandidate') member.raft.campaign()
        member.settle()
        let ticks = 0
        while (!member.raft.hasReady()) {
          member.tick()
          ticks += 1
        }
        seen.add(ticks)
      }
      expect([...seen].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    },
  )

  test('members with different seeds rarely time out together', () => {
    let collisions = 0
    for (let seed = 0; seed < 500; seed += 1) {
      const timeouts = [1, 2, 3].map((id) => {
        const member = new TestMember({ seed: seed * 3 + id })
        let ticks = 0
        while (!member.raft.hasReady()) {
          member.tick()
          ticks += 1
        }
        return ticks
      })
      const earliest = Math.min(...timeouts)
      if (timeouts.filter((ticks) => ticks === earliest).length > 1) collisions += 1
    }
    expect(collisions / 500).toBeLessThan(0.2)
  })

  test('a candidate raises its term, votes for itself and asks all other voters', () => {
    const member = new TestMember({ hardState: { term: 1, votedFor: '2' }, entries: logOf(1) })
    member.becomeCandidate()
    const { append, messages } = member.raft.ready()
    expect(append?.hardState).toEqual({ term: 2, votedFor: '1' })
    expect(ofType(messages, 'requestVote')).toEqual([])
    const request = {
      type: 'requestVote',
      from: '1',
      term: 2,
      lastLogIndex: 1,
      lastLogTerm: 1,
      isTransfer: false,
    }
    expect(append?.messages).toEqual([
      { ...request, to: '2' },
      { ...request, to: '3' },
    ])
  })

  test.each<[number, string[], string[], string]>([
    [1, [], [], 'leader'],
    [2, ['2'], [], 'leader'],
    [3, ['2'], [], 'leader'],
    [3, ['2'], ['3'], 'leader'],
    [3, [], ['2'], 'candidate'],
    [3, [], ['2', '3'], 'follower'],
    [4, ['2'], [], 'candidate'],
    [4, ['2', '3'], [], 'leader'],
    [4, [], ['2', '3'], 'follower'],
    [5, ['2', '3'], ['4', '5'], 'leader'],
    [5, ['2'], ['3', '4'], 'candidate'],
    [5, ['2'], ['3', '4', '5'], 'follower'],
    [5, ['2', '2', '2'], [], 'candidate'],
    [5, ['2', 'stranger', '9'], [], 'candidate'],
  ])('of %i voters, grants %j and refusals %j make a %s', (size, granting, refusing, role) => {
    const voters = ['1', '2', '3', '4', '5'].slice(0, size)
    const member = new TestMember({ voters })
    member.becomeCandidate()
    member.settle()
    for (const from of granting) {
      member.receive({ type: 'requestVoteResponse', from, term: 1, granted: true })
    }
    for (const from of refusing) {
      member.receive({ type: 'requestVoteResponse', from, term: 1, granted: false })
    }
    expect(member.role).toBe(role)
  })

  test("a voter's first answer counts: a later one does not change it", () => {
    const member = new TestMember()
    member.becomeCandidate()
    member.settle()
    member.receive({ type: 'requestVoteResponse', from: '2', term: 1, granted: false })
    member.receive({ type: 'requestVoteResponse', from: '2', term: 1, granted: true })
    expect(member.role).toBe('candidate')
  })

  test('a candidate counts no vote that was given in an earlier term', () => {
    const member = new TestMember({ hardState: { term: 1, votedFor: undefined } })
    member.becomeCandidate()
    member.settle()
    member.receive({ type: 'requestVoteResponse', from: '2', term: 1, granted: true })
    expect(member.raft.status).toMatchObject({ role: 'candidate', term: 2 })
  })

  test('a candidate counts its own vote only when that is durable', () => {
    const member = new TestMember()
    member.becomeCandidate()
    member.process()
    member.receive({ type: 'requestVoteResponse', from: '2', term: 1, granted: true })
    expect(member.role).toBe('candidate')
    member.completeWrite()
    expect(member.role).toBe('leader')
  })

  test('a message that claims to come from the member itself is ignored', () => {
    const member = new TestMember({ voters: ['1'] })
    member.raft.campaign()
    member.receive({ type: 'requestVoteResponse', from: '1', term: 1, granted: true })
    expect(member.role).toBe('candidate')
  })

  test('a write of an earlier term does not make the own vote durable', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.process()
    member.becomeCandidate()
    member.process()
    member.receive({ type: 'requestVoteResponse', from: '2', term: 2, granted: true })
    member.completeWrite()
    expect(member.role).toBe('candidate')
    member.completeWrite()
    expect(member.role).toBe('leader')
  })

  test('a candidate that hears from the leader of its term follows it', () => {
    const member = new TestMember()
    member.becomeCandidate()
    member.hearFrom('3', 1)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 1, leaderId: '3' })
  })

  test('a second leader in one term is a broken invariant', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    expect(() => member.hearFrom('3', 1)).toThrow('term 1 has two leaders')
    const leader = new TestMember()
    leader.becomeLeader()
    expect(() => leader.hearFrom('3', 1)).toThrow('both lead term 1')
  })

  test('campaigning does nothing on a leader', () => {
    const member = new TestMember()
    member.becomeLeader()
    member.raft.campaign()
    expect(member.raft.status).toMatchObject({ role: 'leader', term: 1 })
  })
})

describe('giving a vote (§5.2, §5.4.1)', () => {
  const ask = (from: string, lastLogIndex = 0, lastLogTerm = 0): Content => ({
    type: 'requestVote',
    from,
    term: 1,
    lastLogIndex,
    lastLogTerm,
    isTransfer: false,
  })

  test.each<[string | undefined, string, boolean]>([
    [undefined, '2', true],
    [undefined, '3', true],
    ['2', '2', true],
    ['3', '3', true],
    ['2', '3', false],
    ['3', '2', false],
  ])('having voted for %s in the term, it answers %s with %s', (votedFor, from, granted) => {
    const member = new TestMember({ hardState: { term: 1, votedFor } })
    member.receive(ask(from))
    expect(member.takeMessages()).toEqual([
      { type: 'requestVoteResponse', from: '1', to: from, term: 1, granted },
    ])
  })

  test.each<[number[], number, number, boolean]>([
    [[1], 1, 1, true],
    [[1], 1, 2, true],
    [[1, 1], 1, 1, false],
    [[1], 2, 1, true],
    [[1], 1, 2, true],
    [[1, 1], 1, 2, true],
    [[2], 1, 1, false],
    [[2], 2, 1, false],
    [[2, 2], 1, 1, false],
    [[1, 2], 9, 1, false],
    [[], 0, 0, true],
  ])(
    'with terms %j it answers a log ending at %i of term %i with %s',
    (terms, index, term, granted) => {
      const later = {
        from: '2',
        term: 7,
        lastLogIndex: index,
        lastLogTerm: term,
        isTransfer: false,
      }
      const voter = new TestMember({ entries: logOf(...terms) })
      voter.receive({ type: 'requestVote', ...later })
      expect(voter.takeMessages()).toMatchObject([
        { type: 'requestVoteResponse', granted, term: 7 },
      ])
      const preVoter = new TestMember({ entries: logOf(...terms) })
      preVoter.receive({ type: 'preVote', ...later })
      expect(preVoter.takeMessages()).toMatchObject([{ type: 'preVoteResponse', granted }])
    },
  )

  test('a vote leaves only with the write that makes it durable', () => {
    const member = new TestMember()
    member.receive(ask('2'))
    const { append, messages } = member.raft.ready()
    expect(messages).toEqual([])
    expect(append).toEqual({
      hardState: { term: 1, votedFor: '2' },
      entries: [],
      messages: [{ type: 'requestVoteResponse', from: '1', to: '2', term: 1, granted: true }],
      term: 1,
      index: 0,
    })
  })

  test('learning a later term is not granting a vote', () => {
    const member = new TestMember({ entries: logOf(1, 1) })
    member.receive({
      type: 'requestVote',
      from: '2',
      term: 4,
      lastLogIndex: 1,
      lastLogTerm: 1,
      isTransfer: false,
    })
    const { append, messages } = member.raft.ready()
    expect(append?.hardState).toEqual({ term: 4, votedFor: undefined })
    expect(messages).toMatchObject([{ type: 'requestVoteResponse', granted: false, term: 4 }])
  })

  test('a member that knows the leader of the term does not vote in it', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    member.receive(ask('3'))
    expect(member.takeMessages()).toMatchObject([{ type: 'requestVoteResponse', granted: false }])
  })

  test('stepping down never erases a vote', () => {
    const member = new TestMember()
    member.becomeCandidate()
    member.settle()
    for (const from of ['2', '3']) {
      member.receive({ type: 'requestVoteResponse', from, term: 1, granted: false })
    }
    expect(member.role).toBe('follower')
    member.receive(ask('2'))
    expect(member.takeMessages()).toMatchObject([{ type: 'requestVoteResponse', granted: false }])
  })

  test('granting a vote grants the candidate time, refusing it does not', () => {
    const ticksLeft = (lastLogTerm: number): number => {
      const member = new TestMember({ entries: logOf(1) })
      member.hearFrom('2', 1)
      member.tick(9)
      member.raft.tick()
      member.receive({
        type: 'requestVote',
        from: '3',
        term: 2,
        lastLogIndex: 1,
        lastLogTerm,
        isTransfer: false,
      })
      let ticks = 0
      while (member.role === 'follower') {
        member.tick()
        ticks += 1
      }
      return ticks
    }
    expect(ticksLeft(1)).toBeGreaterThanOrEqual(10)
    expect(ticksLeft(0)).toBeLessThan(10)
  })

  test('a vote survives a restart', () => {
    const member = new TestMember()
    member.receive(ask('2'))
    member.settle()
    const restarted = new TestMember({ hardState: member.log.hardState })
    restarted.receive(ask('3'))
    expect(restarted.takeMessages()).toMatchObject([
      { type: 'requestVoteResponse', granted: false },
    ])
  })
})
