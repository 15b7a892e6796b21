/** The memberships in a log (thesis §4.1): how an entry holds one, and which one is in force. */

import { describe, expect, test } from 'vitest'
import type { Entry } from './entry.js'
import {
  decodeMembership,
  encodeMembership,
  type Membership,
  type MembershipAt,
} from './membership.js'
import { MembershipLog } from './membership-log.js'
import { SimulatedCluster } from './simulation.test-support.js'
import { bytes, entry, membershipEntry, TestMember } from './test-member.test-support.js'

const NOTHING = new Uint8Array(0)

function members(voters: string, learners = ''): Membership {
  return { voters: voters.split(''), learners: learners.split(''), context: NOTHING }
}

describe('an entry holds a whole membership', () => {
  test.each<[string, Membership]>([
    ['1;;', members('1')],
    ['1,2,3;;', members('123')],
    ['1,2;3;', members('12', '3')],
    ['3,1;5,4;', members('31', '54')],
    ['1;;;,1;', { voters: ['1'], learners: [], context: bytes(';,1;') }],
    ['1;2;\0\xff', { voters: ['1'], learners: ['2'], context: Uint8Array.of(0, 255) }],
    ['18446744073709551615;;', { ...members('1'), voters: ['18446744073709551615'] }],
  ])('%j', (text, membership) => {
    expect(encodeMembership(membership)).toEqual(bytes(text))
    expect(decodeMembership(bytes(text))).toEqual(membership)
  })

  test('a context is empty if there is none', () => {
    expect(encodeMembership({ voters: ['1'], learners: [] })).toEqual(bytes('1;;'))
  })

  test.each([
    ['', 'damaged'],
    ['1', 'damaged'],
    ['1,2;3', 'damaged'],
    [';;', 'a cluster has a voter'],
    [';1;', 'a cluster has a voter'],
    ['1,1;;', 'nobody belongs to the cluster twice'],
    ['1;1;', 'nobody belongs to the cluster twice'],
    ['1;2,2;', 'nobody belongs to the cluster twice'],
    ['1,;;', 'a positive integer'],
    [',1;;', 'a positive integer'],
    ['1,,2;;', 'a positive integer'],
    ['1;,;', 'a positive integer'],
    ['0;;', 'a positive integer'],
    ['01;;', 'a positive integer'],
    ['1 ;;', 'a positive integer'],
    ['one;;', 'a positive integer'],
    ['-1;;', 'a positive integer'],
  ])('%j is none: %s', (text, message) => {
    expect(() => decodeMembership(bytes(text))).toThrow(message)
  })

  test.each(['', '0', '4,5', '4;', 'x', '٤'])(
    'nobody is called %j, or one change could add two members',
    (id) => {
      expect(() => encodeMembership({ voters: ['1'], learners: [id] })).toThrow(
        'a member id is a positive integer',
      )
      const member = new TestMember({ voters: ['1'] })
      member.becomeEstablishedLeader()
      expect(() => member.raft.changeMembership({ type: 'addLearner', id }, NOTHING)).toThrow(
        'a member id is a positive integer',
      )
      expect(member.raft.hasReady()).toBe(false)
    },
  )
})

describe('the memberships along a log', () => {
  const at = (index: number, voters: string): MembershipAt => ({
    index,
    membership: members(voters),
  })
  const entryAt = (index: number, voters: string): Entry =>
    membershipEntry(index, 1, members(voters))

  function history(): MembershipLog {
    const log = new MembershipLog([at(0, '1')])
    log.onAppended([entry(1, 1), entryAt(2, '12'), entry(3, 1), entryAt(4, '123')])
    log.takeChanged()
    return log
  }

  test.each([
    [0, '1'],
    [1, '1'],
    [2, '12'],
    [3, '12'],
    [4, '123'],
    [9, '123'],
  ])('at index %i: %s', (index, voters) => {
    expect(history().at(index)).toEqual(members(voters))
  })

  test.each([
    [5, 4, false],
    [4, 2, true],
    [3, 2, true],
    [2, 0, true],
    [1, 0, true],
  ])('truncated from %i on, that of %i is in force again (changed: %s)', (from, index, changed) => {
    const log = history()
    log.onTruncated(from)
    expect(log.current.index).toBe(index)
    expect(log.hasChanged).toBe(changed)
    expect(log.takeChanged()).toEqual(changed ? log.current : undefined)
    expect(log.takeChanged()).toBeUndefined()
  })

  test.each([
    [1, 0, -1],
    [2, 2, 1],
    [3, 2, 1],
    [4, 4, 3],
    [9, 4, 3],
  ])('compacted to %i, they begin with that of %i', (index, oldest, forgotten) => {
    const log = history()
    log.forgetBefore(index)
    expect(log.at(oldest)).toBeDefined()
    expect(() => log.at(forgotten)).toThrow('is not known any more')
    expect(log.current).toEqual(at(4, '123'))
    expect(log.hasChanged).toBe(false)
  })

  test.each<[string, () => unknown]>([
    ['a member knows a membership', () => new MembershipLog([])],
    ['a cluster has a voter', () => new MembershipLog([at(0, '')])],
    ['in order', () => history().onAppended([entryAt(4, '1')])],
    ['damaged', () => history().onAppended([{ ...entryAt(5, '1'), data: bytes('1') }])],
    ['a cluster has a voter', () => history().restore(at(9, ''))],
  ])('%s', (message, run) => {
    expect(run).toThrow(message)
  })
})

describe('who may ask for votes (thesis §4.2.2)', () => {
  const start = { index: 0, membership: members('123', '4') }

  test.each<[string, string, Membership, boolean, boolean]>([
    ['a voter', '2', members('123', '4'), true, true],
    ['a learner', '4', members('123', '4'), false, false],
    ['a stranger', '9', members('123', '4'), false, false],
    ['who is added', '5', members('1235', '4'), true, true],
    ['a learner that is promoted', '4', members('1234'), true, true],
    ['a learner that is removed', '4', members('123'), false, false],
    ['a voter that is removed', '3', members('12', '4'), true, false],
  ])('%s (%s)', (...row) => {
    const [, id, next, beforeCommit, afterCommit] = row
    const log = new MembershipLog([start])
    log.onAppended([membershipEntry(7, 1, next)])
    expect(log.mayCampaign(id, 6)).toBe(beforeCommit)
    expect(log.mayCampaign(id, 7)).toBe(afterCommit)
  })

  test('not who was removed by the change before, which must be committed', () => {
    const log = new MembershipLog([start])
    log.onAppended([membershipEntry(7, 1, members('12')), membershipEntry(9, 1, members('1'))])
    expect(['1', '2', '3'].map((id) => log.mayCampaign(id, 6))).toEqual([true, true, false])
  })

  test('not who a snapshot leaves out: what it holds is committed', () => {
    const log = new MembershipLog([start])
    log.restore({ index: 9, membership: members('12') })
    expect(log.mayCampaign('3', 9)).toBe(false)
    expect(log.takeChanged()).toEqual({ index: 9, membership: members('12') })
  })
})

/** Everything works, until nothing is left to do. */
function settle(cluster: SimulatedCluster): void {
  while (cluster.runRound());
}

function member(cluster: SimulatedCluster, id: string): SimulatedCluster['members'][number] {
  return cluster.members[Number(id) - 1]!
}

function change(cluster: SimulatedCluster, type: 'addVoter' | 'remove', id: string): unknown {
  return cluster.leader!.raft!.changeMembership({ type, id }, NOTHING)
}

/** `id` campaigns as often as the others need to forget their leader. */
function elect(cluster: SimulatedCluster, id: string): void {
  for (let tick = 0; tick < 10 && cluster.leader?.id !== id; tick += 1) {
    for (const { raft } of cluster.members) raft?.forgetLeader()
    member(cluster, id).raft?.campaign()
    settle(cluster)
  }
}

function time(cluster: SimulatedCluster, ticks: number): void {
  for (let tick = 0; tick < ticks; tick += 1) {
    for (const one of cluster.members) cluster.tick(one)
    settle(cluster)
  }
}

function votersOf(cluster: SimulatedCluster, id: string): string {
  return member(cluster, id).raft!.membership.membership.voters.join('')
}

describe('a cluster changes its membership', () => {
  test('from one member to three and back, and everything stays', () => {
    const cluster = new SimulatedCluster({ voters: ['1'], spares: ['2', '3'] })
    elect(cluster, '1')
    for (const [type, id] of [
      ['addVoter', '2'],
      ['addVoter', '3'],
      ['remove', '1'],
      ['remove', '2'],
    ] as const) {
      cluster.propose(cluster.leader!)
      expect(change(cluster, type, id)).toMatchObject({ index: expect.any(Number) as number })
      settle(cluster)
      time(cluster, 1)
    }
    expect(cluster.leader?.id).toBe('3')
    expect(votersOf(cluster, '3')).toBe('3')
    cluster.propose(cluster.leader!)
    settle(cluster)
    const commands = cluster.checker.committed.filter(({ kind }) => kind === 'command')
    expect(commands).toHaveLength(5)
    expect(member(cluster, '3').durableLog).toEqual(cluster.checker.committed)
  })

  test('never to two at once by leaders that do not know of each other (2015; catalogue 44)', () => {
    const cluster = new SimulatedCluster({ voters: ['1', '2', '3', '4'], spares: ['5'] })
    elect(cluster, '1')
    // The leader of the first term adds 5, which only 5 hears of.
    cluster.partition(['1', '5'])
    expect(change(cluster, 'addVoter', '5')).toMatchObject({ index: 2 })
    settle(cluster)
    expect([votersOf(cluster, '1'), votersOf(cluster, '5')]).toEqual(['12345', '12345'])
    // That of the second begins with the same membership. Were it to remove 1 before an entry of
    // its own term is committed, 2 and 3 could commit that, and 1, 4 and 5 elect another leader.
    for (const { raft } of cluster.members) raft!.forgetLeader()
    member(cluster, '2').raft!.campaign()
    while (cluster.leader?.id !== '2') cluster.runRound()
    expect(change(cluster, 'remove', '1')).toBe('notReady')
    settle(cluster)
    expect(change(cluster, 'remove', '1')).toEqual({ index: 3, term: 2 })
    cluster.partition(['1', '4', '5'])
    settle(cluster)
    expect(member(cluster, '3').raft!.status.commitIndex).toBe(3)
    // By then a majority has an entry of the second term, so the first one's change is lost.
    for (const id of ['1', '4', '5']) {
      elect(cluster, id)
      expect(cluster.leader.id).toBe('2')
    }
    cluster.partition([])
    time(cluster, 15)
    expect(['2', '3', '4'].map((id) => votersOf(cluster, id))).toEqual(['234', '234', '234'])
  })

  test('back to what it was, when a change is lost with its leader (catalogue 45)', () => {
    const cluster = new SimulatedCluster({ voters: ['1', '2', '3'], spares: ['4'] })
    elect(cluster, '1')
    cluster.partition(['1', '4'])
    change(cluster, 'addVoter', '4')
    settle(cluster)
    expect([votersOf(cluster, '1'), votersOf(cluster, '4')]).toEqual(['1234', '1234'])
    elect(cluster, '2')
    cluster.partition([])
    time(cluster, 10)
    expect([votersOf(cluster, '1'), votersOf(cluster, '2')]).toEqual(['123', '123'])
    // Nobody tells 4, which believes that it is a voter: it can neither win nor disturb.
    const { term } = cluster.leader!.raft!.status
    time(cluster, 100)
    expect(cluster.leader!.raft!.status).toMatchObject({ term, role: 'leader' })
  })

  test('and who was removed and never heard of it does not disturb (§4.2.3; catalogue 47)', () => {
    const cluster = new SimulatedCluster({ voters: ['1', '2', '3'] })
    elect(cluster, '1')
    cluster.partition(['3'])
    change(cluster, 'remove', '3')
    settle(cluster)
    cluster.partition([])
    const { term } = cluster.leader!.raft!.status
    let campaigns = 0
    for (let tick = 0; tick < 100; tick += 1) {
      time(cluster, 1)
      if (member(cluster, '3').raft!.status.role === 'preCandidate') campaigns += 1
      expect(cluster.leader!.raft!.status).toMatchObject({ role: 'leader', term })
    }
    expect(campaigns).toBeGreaterThan(10)
    expect(votersOf(cluster, '3')).toBe('123')
  })

  test('of two to the other one, though the leader crashed before it said so (§4.2.2)', () => {
    const cluster = new SimulatedCluster({ voters: ['1', '2'] })
    elect(cluster, '1')
    cluster.partition(['1'])
    change(cluster, 'remove', '1')
    settle(cluster)
    cluster.crash(member(cluster, '1'))
    cluster.start(member(cluster, '1'), 1)
    cluster.partition([])
    // 2 cannot win against the longer log of 1; only 1 can, in a membership that it is not in.
    expect([votersOf(cluster, '1'), votersOf(cluster, '2')]).toEqual(['2', '12'])
    time(cluster, 30)
    expect(cluster.leader?.id).toBe('2')
    expect(votersOf(cluster, '2')).toBe('2')
  })

  test('of two to one only with the other, if that one is dead (catalogue 11)', () => {
    const cluster = new SimulatedCluster({ voters: ['1', '2'] })
    elect(cluster, '1')
    cluster.crash(member(cluster, '2'))
    expect(change(cluster, 'remove', '1')).toEqual({ index: 2, term: 1 })
    time(cluster, 30)
    expect(cluster.checker.committed).toHaveLength(1)
    cluster.start(member(cluster, '2'), 1)
    time(cluster, 30)
    expect(cluster.leader?.id).toBe('2')
  })
})
