/** To whom a member is connected while the membership changes (thesis §4.1, §4.2.2; catalogue 45). */

import type { Membership, MembershipAt } from '@holdfast/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { encodePeerBook, type PeerBook } from './peer-book.js'
import { PeerConnections } from './peer-connections.js'

const ELECTION_TICKS = 3

function membershipOf(ids: readonly string[], removed: readonly string[] = []): Membership {
  const urls = new Map(ids.map((id) => [id, [`http://h:${id}`]] as const))
  return { voters: ids, learners: [], context: encodePeerBook({ urls, removed }) }
}

const before: MembershipAt = { index: 0, membership: membershipOf(['1', '2', '3']) }
const without3: MembershipAt = { index: 7, membership: membershipOf(['1', '2'], ['3']) }

let raft: { membership: MembershipAt; committedMembership: MembershipAt }
let told: PeerBook[]
let connections: PeerConnections

beforeEach(() => {
  raft = { membership: before, committedMembership: before }
  told = []
  const transport = { setPeers: (book: PeerBook) => void told.push(book) }
  connections = new PeerConnections({ raft, transport, electionTicks: ELECTION_TICKS })
})

function changeTo(membership: MembershipAt): void {
  raft.membership = membership
  connections.onMembership()
}

function tick(count: number): void {
  for (let at = 0; at < count; at += 1) connections.tick()
}

const connected = (): readonly string[] => [...(told.at(-1)?.urls.keys() ?? [])].sort()

describe('a member whose removal is not committed', () => {
  it('stays connected, and is not told that it was removed', () => {
    changeTo(without3)
    tick(10 * ELECTION_TICKS)
    expect(connected()).toEqual(['1', '2', '3'])
    expect(told.at(-1)?.removed).toEqual([])
  })

  it('is a member like any other again when the change is lost', () => {
    changeTo(without3)
    changeTo(before)
    tick(10 * ELECTION_TICKS)
    expect(connected()).toEqual(['1', '2', '3'])
    expect(told.at(-1)?.removed).toEqual([])
  })

  it('is cut off an election timeout after it is', () => {
    changeTo(without3)
    raft.committedMembership = without3
    tick(ELECTION_TICKS - 1)
    expect(connected()).toEqual(['1', '2', '3'])
    tick(1)
    expect(connected()).toEqual(['1', '2'])
    expect(told.at(-1)?.removed).toEqual(['3'])
  })
})

it('a newcomer is connected to before it is committed, since that may take its word', () => {
  changeTo({ index: 7, membership: membershipOf(['1', '2', '3', '4']) })
  expect(connected()).toEqual(['1', '2', '3', '4'])
})

it('a member that moved is looked for where it is now', () => {
  const urls = new Map([['2', ['http://elsewhere:2']]])
  const context = encodePeerBook({ urls, removed: [] })
  changeTo({ index: 7, membership: { voters: ['1', '2', '3'], learners: [], context } })
  expect(told.at(-1)?.urls.get('2')).toEqual(['http://elsewhere:2'])
})
