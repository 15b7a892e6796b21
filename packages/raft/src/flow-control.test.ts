/** How a leader feeds its followers: probing, streaming, windows, recovery from loss (§5.3, §10.2.1). */

import { describe, expect, test } from 'vitest'
import type { AppendEntries } from './message.js'
import { bytes, logOf, noop, ofType, TestMember } from './test-member.test-support.js'

/** The AppendEntries that leave to `to`, as [prevLogIndex, number of entries, commitIndex]. */
function appendsTo(member: TestMember, to = '2'): [number, number, number][] {
  return ofType(member.takeMessages(), 'appendEntries')
    .filter((message) => message.to === to)
    .map(({ prevLogIndex, entries, commitIndex }) => [prevLogIndex, entries.length, commitIndex])
}

function reject(member: TestMember, prev: number, hint: [number, number], from = '2'): void {
  const [hintIndex, hintTerm] = hint
  const { term } = member
  member.receive({
    type: 'appendEntriesRejected',
    from,
    term,
    prevLogIndex: prev,
    hintIndex,
    hintTerm,
  })
}

function answerHeartbeat(member: TestMember, from = '2'): void {
  member.receive({ type: 'heartbeatResponse', from, term: member.term, readPosition: 0 })
}

describe('batching and pipelining', () => {
  test('proposals between two Readys make one AppendEntries per follower', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    for (let ref = 0; ref < 50; ref += 1) member.raft.propose([bytes('x')], ref)
    const { messages, append } = member.raft.ready()
    expect(append?.entries).toHaveLength(50)
    expect(messages.map(({ to }) => to)).toEqual(['2', '3'])
  })

  test('messages follow each other without waiting for an answer', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    const sent: [number, number, number][] = []
    for (let ref = 0; ref < 3; ref += 1) {
      member.raft.propose([bytes('x'), bytes('y')], ref)
      sent.push(...appendsTo(member))
    }
    expect(sent).toEqual([
      [1, 2, 1],
      [3, 2, 1],
      [5, 2, 1],
    ])
  })

  test('a message is cut at maxAppendBytes, but takes one entry of any size', () => {
    const member = new TestMember({ maxAppendBytes: 40 })
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('a'), bytes('b'), bytes('c'), new Uint8Array(100)], 1)
    expect(appendsTo(member)).toEqual([
      [1, 2, 1],
      [3, 1, 1],
      [4, 1, 1],
    ])
  })

  test('a new commit index is told to those who hold the entries, once', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.acceptFrom('2', 2)
    expect(ofType(member.takeMessages(), 'appendEntries')).toMatchObject([
      { to: '2', prevLogIndex: 2, entries: [], commitIndex: 2 },
      { to: '3', prevLogIndex: 2, entries: [], commitIndex: 2 },
    ])
    member.acceptFrom('3', 2)
    expect(member.raft.hasReady()).toBe(false)
  })

  test('a new commit index travels with entries if there are some', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.acceptFrom('2', 2)
    member.raft.propose([bytes('y')], 2)
    expect(appendsTo(member)).toEqual([[2, 1, 2]])
  })

  test('learners receive what voters receive', () => {
    const member = new TestMember({ learners: ['4'] })
    member.becomeEstablishedLeader()
    member.acceptFrom('4')
    member.settle()
    member.raft.propose([bytes('x')], 1)
    expect(appendsTo(member, '4')).toEqual([[1, 1, 1]])
  })
})

describe('the in-flight window', () => {
  test('is bounded by count, and an acknowledgement opens it', () => {
    const member = new TestMember({ maxInflightAppends: 2 })
    member.becomeEstablishedLeader()
    const send = (): [number, number, number][] => {
      member.raft.propose([bytes('x')], 1)
      return appendsTo(member)
    }
    expect([send(), send(), send(), send()]).toEqual([[[1, 1, 1]], [[2, 1, 1]], [], []])
    member.acceptFrom('2', 2)
    expect(appendsTo(member)).toEqual([[3, 2, 2]])
  })

  test('is bounded by bytes', () => {
    const member = new TestMember({ maxInflightBytes: 1_000 })
    member.becomeEstablishedLeader()
    const send = (size: number): [number, number, number][] => {
      member.raft.propose([new Uint8Array(size)], 1)
      return appendsTo(member)
    }
    expect([send(500), send(1_200), send(1)]).toEqual([[[1, 1, 1]], [[2, 1, 1]], []])
    member.acceptFrom('2', 2)
    expect(appendsTo(member)).toEqual([])
    member.acceptFrom('2', 3)
    expect(appendsTo(member)).toEqual([[3, 1, 3]])
  })

  test('of one follower does not hold back another', () => {
    const member = new TestMember({ maxInflightAppends: 1 })
    member.becomeEstablishedLeader()
    for (let index = 2; index < 6; index += 1) {
      member.raft.propose([bytes('x')], index)
      member.settle()
      member.acceptFrom('3', index)
    }
    member.settle()
    expect(member.commitIndex).toBe(5)
    member.acceptFrom('2', 2)
    expect(appendsTo(member)).toEqual([[2, 3, 5]])
  })

  test('that is full gets an empty AppendEntries after a heartbeat, to find out what is lost', () => {
    const member = new TestMember({ maxInflightAppends: 1 })
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.raft.propose([bytes('y')], 2)
    member.tick()
    member.settle()
    answerHeartbeat(member)
    expect(appendsTo(member)).toEqual([[2, 0, 1]])
    reject(member, 2, [1, 1])
    expect(appendsTo(member)).toEqual([[1, 2, 1]])
  })
})

describe('probing', () => {
  test('sends one message and then waits', () => {
    const member = new TestMember()
    member.becomeLeader()
    member.raft.propose([bytes('x')], 1)
    member.raft.propose([bytes('y')], 2)
    expect(appendsTo(member)).toEqual([])
    member.acceptFrom('2', 1)
    expect(appendsTo(member)).toEqual([[1, 2, 1]])
  })

  test('is resumed by the answer to a timed heartbeat, once', () => {
    const member = new TestMember()
    member.becomeLeader()
    answerHeartbeat(member)
    expect(appendsTo(member)).toEqual([])
    member.tick()
    member.settle()
    answerHeartbeat(member)
    expect(appendsTo(member)).toEqual([[0, 1, 0]])
    answerHeartbeat(member)
    expect(appendsTo(member)).toEqual([])
  })

  test('resumes even if the follower is caught up, to stream again (etcd: heartbeat_resp_recovers_from_probing)', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.reportUnreachable('2')
    expect(appendsTo(member)).toEqual([[1, 0, 1]])
    member.tick()
    member.settle()
    answerHeartbeat(member)
    expect(appendsTo(member)).toEqual([[1, 0, 1]])
    member.acceptFrom('2', 1)
    member.raft.propose([bytes('x')], 1)
    member.raft.propose([bytes('y')], 2)
    expect(appendsTo(member)).toEqual([[1, 2, 1]])
  })

  test('starts over from what the follower is known to hold when it was unreachable', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.raft.reportUnreachable('2')
    expect(appendsTo(member)).toEqual([[1, 1, 1]])
    member.raft.reportUnreachable('9')
    expect(member.raft.hasReady()).toBe(false)
  })

  test('old rejections do not send a follower back', () => {
    const member = new TestMember({ entries: logOf(1, 1, 1) })
    member.becomeLeader()
    reject(member, 2, [0, 0])
    expect(appendsTo(member)).toEqual([])
    reject(member, 3, [2, 1])
    expect(appendsTo(member)).toEqual([[2, 2, 0]])
    reject(member, 3, [0, 0])
    expect(appendsTo(member)).toEqual([])
    member.acceptFrom('2', 4)
    member.settle()
    reject(member, 2, [0, 0])
    reject(member, 4, [0, 0])
    expect(appendsTo(member)).toEqual([])
  })

  test('an answer to a heartbeat by a follower that makes progress asks for nothing', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.tick()
    member.settle()
    member.acceptFrom('2', 2)
    member.raft.propose([bytes('y')], 2)
    member.settle()
    answerHeartbeat(member)
    expect(appendsTo(member)).toEqual([])
  })

  test('heartbeats never speak of more than the follower holds', () => {
    const member = new TestMember()
    member.becomeEstablishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.acceptFrom('2', 2)
    member.settle()
    member.tick()
    expect(ofType(member.takeMessages(), 'heartbeat')).toMatchObject([
      { to: '2', commitIndex: 2 },
      { to: '3', commitIndex: 1 },
    ])
  })

  test('heartbeats are sent every heartbeatTicks', () => {
    const member = new TestMember({ heartbeatTicks: 3, electionTicks: 10 })
    member.becomeLeader()
    const ticks: number[] = []
    for (let tick = 1; tick < 10; tick += 1) {
      member.tick()
      if (ofType(member.takeMessages(), 'heartbeat').length === 2) ticks.push(tick)
    }
    expect(ticks).toEqual([3, 6, 9])
  })
})

describe('divergent logs are repaired in as many round trips as there are terms (§5.3, Figure 7)', () => {
  const figure7: readonly (readonly [string, number[], number])[] = [
    ['(a)', [1, 1, 1, 4, 4, 5, 5, 6, 6], 2],
    ['(b)', [1, 1, 1, 4], 2],
    ['(c)', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], 1],
    ['(d)', [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], 1],
    ['(e)', [1, 1, 1, 4, 4, 4, 4], 2],
    ['(f)', [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 2],
  ]
  const leaderTerms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
  const long = (count: number, term: number): number[] => Array.from({ length: count }, () => term)
  const cases: readonly (readonly [string, number[], number[], number])[] = [
    ...figure7.map(([name, follower, trips]) => [name, leaderTerms, follower, trips] as const),
    ['skips on the leader', [1, ...long(300, 3)], [1, ...long(300, 2)], 2],
    ['skips on the follower', [1, ...long(300, 2)], [1, ...long(300, 3)], 2],
    ['skips an absent tail', long(500, 1), [1], 2],
    [
      'one trip per term',
      [1, ...long(50, 4), ...long(50, 6)],
      [1, ...long(50, 3), ...long(50, 5)],
      3,
    ],
  ]

  test.each(cases)('%s', (_name, leaderLog, followerLog, expectedTrips) => {
    const hardState = { term: 8, votedFor: undefined }
    const leader = new TestMember({ entries: logOf(...leaderLog), hardState })
    const follower = new TestMember({ id: '2', entries: logOf(...followerLog), hardState })
    leader.becomeCandidate()
    leader.settle()
    leader.receive({ type: 'requestVoteResponse', from: '3', term: 9, granted: true })
    let trips = 0
    let toFollower = ofType(leader.takeMessages(), 'appendEntries').filter(isToFollower)
    while (trips < 20) {
      for (const message of toFollower) follower.raft.step(message)
      const answers = follower.takeMessages()
      for (const answer of answers) leader.raft.step(answer)
      trips += 1
      if (answers.some(({ type }) => type === 'appendEntriesAccepted')) break
      toFollower = ofType(leader.takeMessages(), 'appendEntries').filter(isToFollower)
    }
    expect(follower.terms).toEqual([...leaderLog, 9])
    expect(follower.log.all.at(-1)).toEqual(noop(leaderLog.length + 1, 9))
    expect(trips).toBe(expectedTrips)
  })

  function isToFollower({ to }: AppendEntries): boolean {
    return to === '2'
  }
})
