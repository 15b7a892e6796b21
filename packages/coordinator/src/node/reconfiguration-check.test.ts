/** Which changes of the membership are begun (catalogue 46; etcd: strict reconfiguration check). */

import { describe, expect, it } from 'vitest'
import type { MemberChange, MemberRefusalReason } from './member-change.js'
import { checkReconfiguration, type ClusterView } from './reconfiguration-check.js'

/** `1 2 3 | 4`: voters and learners. Those in `down` do not answer, those in `unborn` never have. */
function view(members: string, down = '', unborn = ''): ClusterView {
  const [voters = [], learners = []] = members
    .split('|')
    .map((part) => part.split(' ').filter((id) => id !== ''))
  return {
    membership: { voters, learners },
    book: {
      urls: new Map([...voters, ...learners].map((id) => [id, [`http://h:${id}`]] as const)),
      removed: ['9'],
    },
    isActive: (id) => [...voters, ...learners].includes(id) && !(down + unborn).includes(id),
    hasStarted: (id) => [...voters, ...learners].includes(id) && !unborn.includes(id),
  }
}

function refusalOf(cluster: ClusterView, change: MemberChange): MemberRefusalReason | undefined {
  try {
    checkReconfiguration(cluster, change)
    return undefined
  } catch (error) {
    return (error as { reason: MemberRefusalReason }).reason
  }
}

const add = (id: string, isLearner = false, url = `http://h:${id}`): MemberChange => {
  return { type: 'add', id, peerUrls: [url], isLearner }
}
const remove = (id: string): MemberChange => ({ type: 'remove', id })
const promote = (id: string): MemberChange => ({ type: 'promote', id })
const move = (id: string, ...peerUrls: readonly string[]): MemberChange => {
  return { type: 'update', id, peerUrls: peerUrls.length > 0 ? peerUrls : ['http://h:moved'] }
}

describe('a change that makes no sense is refused', () => {
  it.each<[string, MemberChange, MemberRefusalReason]>([
    ['1 2 3', add('3'), 'memberExists'],
    ['1 2 3', add('9'), 'memberExists'],
    ['1 2 3', add('4', true, 'http://h:2'), 'peerUrlExists'],
    ['1 2 3 | 4', add('5', true), 'tooManyLearners'],
    ['1 2 3', remove('4'), 'memberNotFound'],
    ['1 2 3', promote('4'), 'memberNotFound'],
    ['1 2 3', promote('3'), 'memberNotLearner'],
    ['1 2 3', { type: 'update', id: '4', peerUrls: [] }, 'memberNotFound'],
    ['1 2 3', { type: 'update', id: '3', peerUrls: ['http://h:2'] }, 'peerUrlExists'],
  ])('%s: %o: %s', (members, change, reason) => {
    expect(refusalOf(view(members), change)).toBe(reason)
  })
})

describe('those who are up must be the majority afterwards', () => {
  it.each<[string, string, MemberChange, MemberRefusalReason | undefined]>([
    ['1', '', add('2'), undefined],
    ['1 2', '', add('3'), undefined],
    ['1 2', '2', add('3'), 'unhealthy'],
    ['1 2 3', '', add('4'), undefined],
    ['1 2 3', '3', add('4'), 'unhealthy'],
    ['1 2 3', '3', add('4', true), undefined],
    ['1 2 3', '3', remove('3'), undefined],
    ['1 2 3', '3', remove('2'), 'unhealthy'],
    ['1 2 3 4', '4', remove('3'), undefined],
    ['1 2 3 4 5', '45', remove('3'), 'unhealthy'],
    ['1 2 3 | 4', '3', promote('4'), undefined],
    ['1 2 3 | 4', '34', promote('4'), 'unhealthy'],
    ['1 2 3 | 4', '4', remove('4'), undefined],
    ['1 2 3', '2', move('2'), undefined],
  ])('%s, down: %s, %o: %s', (members, down, change, reason) => {
    expect(refusalOf(view(members, down), change)).toBe(reason)
  })

  it('those who have never started do not count, and are named as the reason', () => {
    expect(refusalOf(view('1 2', '', '2'), add('3'))).toBe('notEnoughStarted')
    expect(refusalOf(view('1 2 3', '', '3'), remove('2'))).toBe('notEnoughStarted')
    expect(refusalOf(view('1 2 3', '', '3'), remove('3'))).toBeUndefined()
  })
})

describe('who moves cannot be counted on: the others must be the majority without it', () => {
  it.each<[string, string, MemberChange, MemberRefusalReason | undefined]>([
    ['1 2 3', '', move('2'), undefined],
    ['1 2 3', '', move('1'), undefined],
    ['1 2 3', '3', move('2'), 'unhealthy'],
    ['1 2 3', '3', move('1'), 'unhealthy'],
    ['1 2 3', '3', move('3'), undefined],
    ['1 2 3 4', '4', move('3'), 'unhealthy'],
    ['1 2 3 4 5', '5', move('4'), undefined],
    ['1 2 3 4 5', '45', move('3'), 'unhealthy'],
    // It has no vote.
    ['1 2 3 | 4', '3', move('4'), undefined],
    // It stays where the others look for it: the first is used.
    ['1 2 3', '3', move('2', 'http://h:2'), undefined],
    ['1 2 3', '3', move('2', 'http://h:2', 'http://h:moved'), undefined],
    ['1 2 3', '3', move('2', 'http://h:moved', 'http://h:2'), 'unhealthy'],
    // Nobody could ever move otherwise.
    ['1', '', move('1'), undefined],
    ['1 2', '', move('2'), undefined],
    ['1 2', '', move('1'), undefined],
  ])('%s, down: %s, %o: %s', (members, down, change, reason) => {
    expect(refusalOf(view(members, down), change)).toBe(reason)
  })
})
