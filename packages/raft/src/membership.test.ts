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
