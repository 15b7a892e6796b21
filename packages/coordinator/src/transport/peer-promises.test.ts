/** What a member is known to have held, and what it may have lost all the same (catalogue 34). */

import type { Message } from '@holdfast/raft'
import { describe, expect, it } from 'vitest'
import { PeerPromises } from './peer-promises.js'

const accepted = (term: number, matchIndex: number): Message => {
  return { type: 'appendEntriesAccepted', from: 'b', to: 'a', term, matchIndex }
}
const voted = (term: number, granted = true): Message => {
  return { type: 'requestVoteResponse', from: 'b', to: 'a', term, granted }
}

function afterHearing(...messages: readonly Message[]): PeerPromises {
  const promises = new PeerPromises()
  for (const message of messages) promises.hear(message)
  return promises
}

describe('a member that starts with', () => {
  it.each<[string, readonly Message[], term: number, lastIndex: number]>([
    ['fewer entries than it acknowledged', [accepted(3, 9), accepted(3, 7)], 3, 8],
    ['an older term than that of its acknowledgement', [accepted(3, 9)], 2, 9],
    ['an older term than that of its vote', [voted(4)], 3, 100],
    ['an older term than that of its vote, after entries', [accepted(3, 9), voted(4)], 3, 100],
  ])('%s has lost something', (_what, messages, term, lastIndex) => {
    expect(afterHearing(...messages).broken('b', 'next', { term, lastIndex })).toMatch(/^it had /)
  })

  it.each<[string, readonly Message[], term: number, lastIndex: number]>([
    ['all that it acknowledged', [accepted(3, 9)], 3, 9],
    ['a later term, in which another leader may have cut its log', [accepted(3, 9)], 4, 2],
    ['the term of its vote, and any log', [accepted(3, 9), voted(4)], 4, 0],
    ['less than it had in an earlier term', [accepted(3, 9), accepted(4, 5)], 4, 6],
    ['less than a late message of an earlier term says', [accepted(4, 5), accepted(3, 9)], 4, 5],
    ['a term in which it refused its vote, which needs no disk', [voted(7, false)], 6, 0],
    ['anything, when it was never heard', [], 0, 0],
  ])('%s has lost nothing', (_what, messages, term, lastIndex) => {
    expect(afterHearing(...messages).broken('b', 'next', { term, lastIndex })).toBeUndefined()
  })

  it('less than another member had acknowledged has lost nothing', () => {
    expect(
      afterHearing(accepted(3, 9)).broken('c', 'next', { term: 0, lastIndex: 0 }),
    ).toBeUndefined()
  })

  it('less than it has said since then, in the same run, has lost nothing', () => {
    const promises = new PeerPromises()
    const start = { term: 0, lastIndex: 0 }
    expect(promises.broken('b', 'first', start)).toBeUndefined()
    promises.hear(accepted(3, 9))
    expect(promises.broken('b', 'first', start)).toBeUndefined()
    expect(promises.broken('b', 'second', start)).toMatch(/^it had /)
    expect(promises.broken('b', 'second', start)).toMatch(/^it had /)
  })
})
