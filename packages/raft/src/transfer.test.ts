/** Handing over the leadership (thesis §3.10; catalogue 12). Named cases are those of etcd. */

import { describe, expect, test } from 'vitest'
import type { Message } from './message.js'
import { SimulatedCluster } from './simulation.test-support.js'
import {
  bytes,
  entry,
  logOf,
  membershipEntry,
  ofType,
  TestMember,
  type TestMemberOptions,
} from './test-member.test-support.js'
import type { TransferResult } from './transfer.js'

const NOTHING = new Uint8Array(0)

function established(options: TestMemberOptions = {}): TestMember {
  const member = new TestMember({ electionTicks: 10, ...options })
  member.becomeEstablishedLeader()
  return member
}

/** What leaves to `to`, by type. */
function sentTo(member: TestMember, to: string): Message['type'][] {
  const messages = member.takeMessages().filter((message) => message.to === to)
  return messages.map(({ type }) => type)
}

function echo(member: TestMember, from: string): void {
  member.receive({ type: 'heartbeatResponse', from, term: member.term, readPosition: 0 })
}

/** Time passes in which everybody answers. */
function pass(member: TestMember, ticks: number): Message[] {
  const messages: Message[] = []
  for (let tick = 0; tick < ticks; tick += 1) {
    member.tick()
    messages.push(...member.takeMessages())
    for (const from of ['2', '3']) echo(member, from)
    messages.push(...member.takeMessages())
  }
  return messages
}

describe('a transfer', () => {
  test.each<[string, TransferResult]>([
    ['2', 'started'],
    ['3', 'started'],
    ['1', 'alreadyLeader'],
    ['4', 'notVoter'],
    ['9', 'notVoter'],
  ])('to %s is answered with %s', (to, result) => {
    const member = established({ learners: ['4'] })
    expect(member.raft.transferLeadership(to)).toBe(result)
    expect(member.raft.propose([bytes('x')], 1)).toBe(
      result === 'started' ? 'noLeader' : 'appended',
    )
  })

  test.each(['follower', 'preCandidate', 'candidate'])('is refused by a %s', (role) => {
    const member = new TestMember()
    if (role === 'preCandidate') member.raft.campaign()
    if (role === 'candidate') member.becomeCandidate()
    expect(member.raft.transferLeadership('2')).toBe('notLeader')
    expect(member.raft.transferLeadership('1')).toBe('notLeader')
  })

  test('to a member that holds everything asks it at once, and nothing else', () => {
    const member = established()
    member.raft.transferLeadership('2')
    expect(member.takeMessages()).toEqual([{ type: 'timeoutNow', from: '1', to: '2', term: 1 }])
    expect(member.role).toBe('leader')
  })

  test('lets everything else leave first: what comes later, its target refuses', () => {
    const member = established()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.raft.transferLeadership('2')
    member.settle()
    member.acceptFrom('2', 2)
    expect(member.takeMessages().filter(({ to }) => to === '2')).toMatchObject([
      { type: 'appendEntries', commitIndex: 2 },
      { type: 'timeoutNow' },
    ])
  })

  test('asks once between two Readys', () => {
    const member = established()
    member.raft.transferLeadership('2')
    for (let time = 0; time < 3; time += 1) echo(member, '2')
    expect(sentTo(member, '2')).toEqual(['timeoutNow'])
    expect(member.raft.hasReady()).toBe(false)
  })

  test('to a slow member asks it when it holds everything, and not before', () => {
    const member = established()
    member.raft.propose([bytes('x'), bytes('y')], 1)
    member.settle()
    member.raft.transferLeadership('2')
    expect(sentTo(member, '2')).not.toContain('timeoutNow')
    member.acceptFrom('2', 2)
    expect(sentTo(member, '2')).not.toContain('timeoutNow')
    member.acceptFrom('2', 3)
    expect(sentTo(member, '2')).toContain('timeoutNow')
    expect(member.role).toBe('leader')
  })

  test('to a member that is probed does not wait for a heartbeat', () => {
    const member = established()
    member.raft.reportUnreachable('2')
    member.settle()
    member.raft.propose([bytes('x')], 1)
    expect(sentTo(member, '2')).toEqual([])
    member.raft.transferLeadership('2')
    expect(sentTo(member, '2')).toEqual(['appendEntries'])
  })

  test('asks again at each answer of its target, because the request may be lost', () => {
    const member = established()
    member.raft.transferLeadership('2')
    member.settle()
    for (let time = 0; time < 3; time += 1) {
      echo(member, '3')
      expect(sentTo(member, '2')).not.toContain('timeoutNow')
      echo(member, '2')
      expect(sentTo(member, '2')).toContain('timeoutNow')
    }
  })

  test('holds back proposals, and lets them through an election timeout later', () => {
    const member = established()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.raft.transferLeadership('2')
    const forward = { type: 'forwardProposal', from: '3', term: 1, commands: [bytes('y')] } as const
    expect(member.raft.propose([bytes('y')], 2)).toBe('noLeader')
    member.receive({ ...forward, ref: 3 })
    expect(sentTo(member, '3')).toEqual(['forwardProposalRejected'])
    pass(member, 9)
    expect(member.raft.propose([bytes('y')], 2)).toBe('noLeader')
    pass(member, 1)
    expect(member.raft.propose([bytes('y')], 2)).toBe('appended')
    member.receive({ ...forward, ref: 3 })
    expect(sentTo(member, '3')).toEqual(['appendEntries'])
    expect(member.role).toBe('leader')
  })

  test('is over an election timeout later, and nobody is asked any more', () => {
    const member = established()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.raft.transferLeadership('2')
    expect(ofType(pass(member, 10), 'timeoutNow')).toEqual([])
    member.acceptFrom('2', 2)
    expect(sentTo(member, '2')).not.toContain('timeoutNow')
  })

  test('is over by time that was missed in a stall', () => {
    const member = established()
    member.raft.transferLeadership('2')
    member.raft.tick(9)
    for (const from of ['2', '3']) echo(member, from)
    expect(member.raft.propose([bytes('x')], 1)).toBe('noLeader')
    member.raft.tick(1)
    expect(member.raft.propose([bytes('x')], 1)).toBe('appended')
  })

  test('does not keep a leader that hears no quorum', () => {
    const member = established()
    member.raft.transferLeadership('2')
    member.tick(10)
    expect(member.role).toBe('follower')
  })

  test('loses nothing that is under way: it commits and answers reads', () => {
    const member = established()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.raft.transferLeadership('2')
    member.acceptFrom('3', 2)
    expect(member.commitIndex).toBe(2)
    member.raft.readIndex(7)
    member.settle()
    member.receive({ type: 'heartbeatResponse', from: '3', term: 1, readPosition: 1 })
    expect(member.process().readStates).toEqual([{ ref: 7, index: 2 }])
  })

  test('during a membership change goes to a voter of the membership in force', () => {
    const member = established({ learners: ['4'] })
    member.acceptFrom('4')
    member.raft.changeMembership({ type: 'promote', id: '4' }, NOTHING)
    member.settle()
    expect(member.raft.transferLeadership('4')).toBe('started')
    member.acceptFrom('4')
    expect(sentTo(member, '4')).toContain('timeoutNow')
  })

  test('to who is being removed is refused', () => {
    const member = established()
    member.raft.changeMembership({ type: 'remove', id: '3' }, NOTHING)
    expect(member.raft.transferLeadership('3')).toBe('notVoter')
    expect(member.raft.transferLeadership('2')).toBe('started')
  })

  test.each([
    ['2', ['2']],
    ['3', ['3']],
  ])('to %s names the successor of a leader that removed itself: %j', (to, asked) => {
    const member = established()
    member.raft.changeMembership({ type: 'remove', id: '1' }, NOTHING)
    member.settle()
    expect(member.raft.transferLeadership(to)).toBe('started')
    for (const from of ['2', '3']) member.acceptFrom(from)
    expect(member.role).toBe('follower')
    const requests = ofType(member.takeMessages(), 'timeoutNow')
    expect([...new Set(requests.map((request) => request.to))]).toEqual(asked)
  })
})

describe('who is asked to take over', () => {
  const ask = { type: 'timeoutNow', from: '2', term: 1 } as const

  function follower(options: TestMemberOptions = {}): TestMember {
    const member = new TestMember({ entries: logOf(1), ...options })
    member.hearFrom('2', 1)
    member.settle()
    return member
  }

  test('campaigns at once, without a pre-election, and says why (§4.2.3)', () => {
    const member = follower()
    member.receive(ask)
    const { status, append, messages } = member.process()
    expect(status).toEqual({ role: 'candidate', term: 2, leaderId: undefined, commitIndex: 0 })
    expect(messages).toEqual([])
    expect(append).toMatchObject({
      hardState: { term: 2, votedFor: '1' },
      messages: [
        { type: 'requestVote', to: '2', term: 2, lastLogIndex: 1, isTransfer: true },
        { type: 'requestVote', to: '3', term: 2, lastLogIndex: 1, isTransfer: true },
      ],
    })
  })

  test('asks in the ordinary way when it has to ask again', () => {
    const member = follower({ electionTicks: 10 })
    member.receive(ask)
    member.settle()
    member.tick(20)
    expect(ofType(member.takeMessages(), 'preVote')).toHaveLength(2)
  })

  test.each(['preCandidate', 'candidate'])('follows and campaigns anew, if it is a %s', (role) => {
    const member = follower({ hardState: { term: 0, votedFor: undefined }, entries: [] })
    if (role === 'candidate') member.becomeCandidate()
    else member.raft.campaign()
    member.settle()
    const { term } = member
    member.receive({ ...ask, term })
    expect(member.raft.status).toMatchObject({ role: 'candidate', term: term + 1 })
  })

  test('needs no second request, and no request of an earlier term', () => {
    const member = follower()
    member.receive(ask)
    member.settle()
    member.receive(ask)
    expect(member.raft.status).toMatchObject({ role: 'candidate', term: 2 })
    expect(member.raft.hasReady()).toBe(false)
  })

  test('adopts a later term of the leader that asks', () => {
    const member = follower()
    member.receive({ ...ask, from: '3', term: 4 })
    expect(member.raft.status).toMatchObject({ role: 'candidate', term: 5 })
  })

  test.each<[string, TestMemberOptions]>([
    ['a learner', { voters: ['2', '3'], learners: ['1'] }],
    ['not a member (etcd: TestTransferNonMember)', { voters: ['2', '3'] }],
    [
      'removed',
      { entries: [entry(1, 1), membershipEntry(2, 1, { voters: ['2', '3'], learners: [] })] },
    ],
  ])('does nothing if it is %s', (_who, options) => {
    const member = follower(options)
    member.receive({ type: 'heartbeat', from: '2', term: 1, commitIndex: 1, readPosition: 0 })
    if (member.log.lastIndex() === 2) {
      member.receive({ type: 'heartbeat', from: '2', term: 1, commitIndex: 2, readPosition: 0 })
    }
    member.settle()
    member.receive(ask)
    expect(member.raft.status).toMatchObject({ role: 'follower', term: 1, leaderId: '2' })
    expect(member.raft.hasReady()).toBe(false)
  })

  test('alone elects itself by its own disk', () => {
    const member = follower({
      entries: [membershipEntry(1, 1, { voters: ['1'], learners: [] })],
    })
    member.receive(ask)
    member.settle()
    expect(member.raft.status).toMatchObject({ role: 'leader', term: 2, commitIndex: 2 })
  })
})

describe('a vote that the leader itself asked for (§4.2.3)', () => {
  const vote = { type: 'requestVote', from: '3', term: 2, lastLogIndex: 1, lastLogTerm: 1 } as const

  test.each([
    [true, 2, ['requestVoteResponse']],
    [false, 1, []],
  ])('is heard by who hears a leader: %s', (isTransfer, term, types) => {
    const member = new TestMember({ entries: logOf(1) })
    member.hearFrom('2', 1)
    member.settle()
    member.receive({ ...vote, isTransfer })
    expect(member.term).toBe(term)
    expect(member.takeMessages().map(({ type }) => type)).toEqual(types)
  })

  test.each([
    [true, 'follower'],
    [false, 'leader'],
  ])('is heard by the leader: %s', (isTransfer, role) => {
    const member = established()
    member.receive({ ...vote, isTransfer })
    expect(member.role).toBe(role)
  })

  test('still goes only to a log that is up to date, once per term', () => {
    const member = new TestMember({ entries: logOf(1, 1) })
    member.hearFrom('2', 1)
    member.receive({ ...vote, isTransfer: true })
    member.receive({ ...vote, lastLogIndex: 2, from: '2', isTransfer: true })
    member.receive({ ...vote, lastLogIndex: 2, isTransfer: true })
    const answers = ofType(member.takeMessages(), 'requestVoteResponse')
    expect(answers.map(({ to, granted }) => [to, granted])).toEqual([
      ['3', false],
      ['3', false],
      ['2', true],
    ])
  })
})

/** Three members of which 1 leads; those in `silent` are cut off. */
function clusterOf(silent: readonly string[] = []): SimulatedCluster {
  const cluster = new SimulatedCluster({ voters: ['1', '2', '3'] })
  cluster.members[0]!.raft!.campaign()
  run(cluster, 1)
  cluster.partition(silent)
  return cluster
}

/** Everything that is under way happens, and then time passes. */
function run(cluster: SimulatedCluster, ticks = 0): SimulatedCluster {
  while (cluster.runRound());
  for (let tick = 0; tick < ticks; tick += 1) {
    for (const member of cluster.members) cluster.tick(member)
    while (cluster.runRound());
  }
  return cluster
}

function transfer(cluster: SimulatedCluster, to: string): TransferResult {
  const result = cluster.leader!.raft!.transferLeadership(to)
  run(cluster)
  return result
}

/** Who leads, in which term, and whether proposals are taken. */
function outcome(cluster: SimulatedCluster): [string, number, string] {
  const raft = cluster.leader!.raft!
  return [cluster.leader!.id, raft.status.term, raft.propose([bytes('x')], 1)]
}

describe('etcd: TestLeaderTransfer', () => {
  test('ToUpToDateNode: there and, after some replication, back', () => {
    const cluster = clusterOf()
    transfer(cluster, '2')
    expect(outcome(cluster)).toEqual(['2', 2, 'appended'])
    run(cluster)
    transfer(cluster, '1')
    expect(outcome(cluster)).toEqual(['1', 3, 'appended'])
  })

  test('ToUpToDateNodeFromFollower: here it is for the driver to ask the leader', () => {
    const cluster = clusterOf()
    expect(cluster.members[1]!.raft!.transferLeadership('2')).toBe('notLeader')
    expect(outcome(run(cluster))).toEqual(['1', 1, 'appended'])
  })

  test('WithCheckQuorum: though all have just heard the leader', () => {
    const cluster = run(clusterOf(), 3)
    transfer(cluster, '3')
    expect(outcome(cluster)).toEqual(['3', 2, 'appended'])
  })

  test('ToSlowFollower: it gets what it lacks first', () => {
    const cluster = clusterOf(['3'])
    for (let count = 0; count < 5; count += 1) cluster.propose(cluster.leader!)
    run(cluster)
    cluster.partition([])
    transfer(cluster, '3')
    run(cluster, 3)
    expect(outcome(cluster)).toEqual(['3', 2, 'appended'])
    expect(cluster.members[2]!.durableLog).toHaveLength(7)
  })

  test('AfterSnapshot: it gets a snapshot first', () => {
    const cluster = clusterOf(['3'])
    for (let count = 0; count < 5; count += 1) cluster.propose(cluster.leader!)
    run(cluster)
    for (const member of cluster.members.slice(0, 2)) cluster.compact(member, 6)
    cluster.partition([])
    transfer(cluster, '3')
    run(cluster, 3)
    expect(outcome(cluster)).toEqual(['3', 2, 'appended'])
    expect(cluster.members[2]!.log.firstIndex()).toBe(7)
    expect(cluster.checker.counts.snapshots).toBe(1)
  })

  test('ToSelf: nothing happens', () => {
    const cluster = clusterOf()
    expect(transfer(cluster, '1')).toBe('alreadyLeader')
    expect(outcome(cluster)).toEqual(['1', 1, 'appended'])
  })

  test('ToNonExistingNode: nothing happens', () => {
    const cluster = clusterOf()
    expect(transfer(cluster, '4')).toBe('notVoter')
    expect(outcome(cluster)).toEqual(['1', 1, 'appended'])
  })

  test('Timeout: to a dead member, and the leader stays', () => {
    const cluster = clusterOf(['3'])
    transfer(cluster, '3')
    expect(outcome(run(cluster, 4))).toEqual(['1', 1, 'noLeader'])
    expect(outcome(run(cluster, 1))).toEqual(['1', 1, 'appended'])
  })

  test('IgnoreProposal: nothing is appended meanwhile', () => {
    const cluster = clusterOf(['3'])
    transfer(cluster, '3')
    cluster.propose(cluster.leader!)
    cluster.propose(cluster.members[1]!)
    expect(cluster.leader!.volatileLog).toHaveLength(1)
    run(cluster)
    expect(cluster.leader!.volatileLog).toHaveLength(1)
    cluster.checkRefusals()
  })

  test('ReceiveHigherTermVote: another election ends it', () => {
    const cluster = clusterOf(['3'])
    transfer(cluster, '3')
    const [first, second] = cluster.members
    second!.raft!.step({ type: 'timeoutNow', from: '1', to: '2', term: 1 })
    run(cluster)
    expect(outcome(cluster)).toEqual(['2', 2, 'appended'])
    expect(first!.raft!.status).toMatchObject({ role: 'follower', leaderId: '2' })
  })

  test('RemoveNode: its target cannot be removed meanwhile', () => {
    const cluster = clusterOf(['3'])
    transfer(cluster, '3')
    const { raft } = cluster.leader!
    expect(raft!.changeMembership({ type: 'remove', id: '3' }, NOTHING)).toBe('transferring')
    run(cluster, 5)
    expect(raft!.changeMembership({ type: 'remove', id: '3' }, NOTHING)).toEqual({
      index: 2,
      term: 1,
    })
    expect(transfer(cluster, '3')).toBe('notVoter')
  })

  test('DemoteNode: nobody is demoted here; a removed member comes back as a learner', () => {
    const cluster = clusterOf(['3'])
    const { raft } = cluster.leader!
    for (const type of ['remove', 'addLearner'] as const) {
      raft!.changeMembership({ type, id: '3' }, NOTHING)
      run(cluster)
    }
    expect(raft!.membership.membership).toMatchObject({ voters: ['1', '2'], learners: ['3'] })
    expect(transfer(cluster, '3')).toBe('notVoter')
    expect(outcome(cluster)).toEqual(['1', 1, 'appended'])
  })

  test('Back: a transfer to the leader itself calls off the one under way', () => {
    const cluster = clusterOf(['3'])
    transfer(cluster, '3')
    expect(transfer(cluster, '1')).toBe('alreadyLeader')
    expect(outcome(cluster)).toEqual(['1', 1, 'appended'])
  })

  test('SecondTransferToAnotherNode: takes the place of the first, with time of its own', () => {
    const cluster = clusterOf(['3'])
    transfer(cluster, '3')
    run(cluster, 4)
    expect(transfer(cluster, '2')).toBe('started')
    expect(outcome(cluster)).toEqual(['2', 2, 'appended'])
    const slow = clusterOf(['2', '3'])
    slow.leader!.raft!.transferLeadership('3')
    slow.leader!.raft!.tick(3)
    slow.leader!.raft!.transferLeadership('2')
    slow.leader!.raft!.tick(1)
    expect(outcome(slow)).toEqual(['1', 1, 'noLeader'])
  })

  test('SecondTransferToSameNode: does not extend the time of the first', () => {
    const cluster = clusterOf(['3'])
    transfer(cluster, '3')
    run(cluster, 3)
    expect(transfer(cluster, '3')).toBe('started')
    expect(outcome(run(cluster, 2))).toEqual(['1', 1, 'appended'])
  })
})
