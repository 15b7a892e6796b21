/** Linearizable reads by ReadIndex (thesis §6.4), one rule a test. */

import { describe, expect, test } from 'vitest'
import type { Ready } from './ready.js'
import { bytes, noop, ofType, TestMember } from './test-member.test-support.js'

function echo(member: TestMember, from: string, readPosition: number): void {
  member.receive({ type: 'heartbeatResponse', from, term: member.term, readPosition })
}

function answers(readies: readonly Ready[]): [ref: number, index: number][] {
  return readies.flatMap(({ readStates }) =>
    readStates.map(({ ref, index }): [number, number] => [ref, index]),
  )
}

function drops(readies: readonly Ready[]): number[] {
  return readies.flatMap(({ droppedReads }) => droppedReads)
}

function establishedLeader(): TestMember {
  const member = new TestMember({ voters: ['1', '2', '3', '4', '5'], learners: ['6'] })
  member.becomeEstablishedLeader()
  return member
}

describe("a leader's own reads (§6.4)", () => {
  test('all that wait share one heartbeat, in the very next Ready', () => {
    const member = establishedLeader()
    for (const ref of [7, 8, 9]) member.raft.readIndex(ref)
    expect(member.raft.hasReady()).toBe(true)
    const { messages, readStates } = member.raft.ready()
    expect(messages).toMatchObject(
      ['2', '3', '4', '5', '6'].map((to) => ({ type: 'heartbeat', to, readPosition: 1 })),
    )
    expect(readStates).toEqual([])
    expect(member.raft.hasReady()).toBe(false)
  })

  test('are answered by an echo from a quorum, and by no less', () => {
    const member = establishedLeader()
    member.raft.readIndex(7)
    member.settle()
    echo(member, '2', 1)
    echo(member, '2', 1)
    echo(member, '6', 1)
    echo(member, '9', 1)
    expect(answers(member.settle())).toEqual([])
    echo(member, '3', 1)
    expect(answers(member.settle())).toEqual([[7, 1]])
    echo(member, '4', 1)
    expect(answers(member.settle())).toEqual([])
  })

  test('an echo of a later position confirms all earlier ones (etcd-io/raft #397)', () => {
    const member = establishedLeader()
    member.raft.readIndex(7)
    member.settle()
    member.raft.readIndex(8)
    member.settle()
    echo(member, '2', 2)
    echo(member, '3', 1)
    expect(answers(member.settle())).toEqual([[7, 1]])
    echo(member, '3', 2)
    expect(answers(member.settle())).toEqual([[8, 1]])
  })

  test('a delayed echo of an older round confirms nothing newer', () => {
    const member = establishedLeader()
    member.raft.readIndex(7)
    member.settle()
    for (const from of ['2', '3']) echo(member, from, 1)
    member.settle()
    member.raft.readIndex(8)
    member.settle()
    for (const from of ['2', '3', '4', '5']) {
      echo(member, from, 1)
      echo(member, from, 0)
    }
    expect(answers(member.settle())).toEqual([])
  })

  test('a delayed echo does not take back a newer one', () => {
    const member = establishedLeader()
    for (const ref of [7, 8]) {
      member.raft.readIndex(ref)
      member.settle()
    }
    echo(member, '2', 2)
    echo(member, '2', 1)
    echo(member, '3', 2)
    expect(answers(member.settle())).toEqual([
      [7, 1],
      [8, 1],
    ])
  })

  test('a timed heartbeat carries the position again, so a lost round is repeated', () => {
    const member = establishedLeader()
    member.raft.readIndex(7)
    member.settle()
    member.tick()
    expect(ofType(member.takeMessages(), 'heartbeat')[0]).toMatchObject({ readPosition: 1 })
  })

  test('get the commit index of the moment their round opens', () => {
    const member = establishedLeader()
    member.raft.propose([bytes('x')], 1)
    member.settle()
    member.raft.readIndex(7)
    member.settle()
    for (const from of ['2', '3', '4']) member.acceptFrom(from, 2)
    for (const from of ['2', '3']) echo(member, from, 1)
    expect(answers(member.settle())).toEqual([[7, 1]])
  })

  test('wait until the leader has committed an entry of its own term', () => {
    const member = new TestMember()
    member.becomeLeader()
    member.raft.readIndex(7)
    expect(member.raft.hasReady()).toBe(false)
    member.tick()
    expect(ofType(member.takeMessages(), 'heartbeat')[0]).toMatchObject({ readPosition: 0 })
    member.acceptFrom('2')
    expect(ofType(member.takeMessages(), 'heartbeat')[0]).toMatchObject({ readPosition: 1 })
    echo(member, '2', 1)
    expect(answers(member.settle())).toEqual([[7, 1]])
  })

  test('are answered at once by a leader that is its own quorum', () => {
    const member = new TestMember({ voters: ['1'], learners: ['2'] })
    member.becomeEstablishedLeader()
    member.raft.readIndex(7)
    expect(member.raft.ready().readStates).toEqual([{ ref: 7, index: 1 }])
  })

  test('wait for the own-term commit even in a cluster of one', () => {
    const member = new TestMember({ voters: ['1'] })
    member.raft.campaign()
    member.process()
    member.completeWrite()
    member.raft.readIndex(7)
    expect(member.process().readStates).toEqual([])
    member.completeWrite()
    expect(member.process().readStates).toEqual([{ ref: 7, index: 1 }])
  })

  test('are dropped when the leader steps down, whether in a round or waiting for one', () => {
    const member = establishedLeader()
    member.raft.readIndex(7)
    member.settle()
    member.raft.readIndex(8)
    member.hearFrom('2', 9)
    expect(drops(member.settle())).toEqual([7, 8])
    for (const from of ['3', '4', '5']) echo(member, from, 1)
    expect(answers(member.settle())).toEqual([])
  })

  test('are dropped when CheckQuorum ends the leadership', () => {
    const member = establishedLeader()
    member.raft.readIndex(7)
    member.tick(10)
    expect(drops(member.settle())).toEqual([7])
  })

  test('an echo of an earlier leadership confirms nothing in a later one', () => {
    const member = establishedLeader()
    member.raft.readIndex(7)
    member.settle()
    member.hearFrom('2', 2)
    member.settle()
    member.becomeEstablishedLeader()
    expect(member.role).toBe('leader')
    member.raft.readIndex(8)
    member.settle()
    for (const from of ['2', '3', '4']) {
      member.receive({ type: 'heartbeatResponse', from, term: 1, readPosition: 1 })
    }
    expect(answers(member.settle())).toEqual([])
  })

  test('beyond maxPendingReads are dropped, and answers make room', () => {
    const member = new TestMember({ maxPendingReads: 2 })
    member.becomeEstablishedLeader()
    for (const ref of [1, 2, 3]) member.raft.readIndex(ref)
    expect(drops(member.settle())).toEqual([3])
    echo(member, '2', 1)
    expect(answers(member.settle())).toEqual([
      [1, 1],
      [2, 1],
    ])
    member.raft.readIndex(4)
    expect(drops(member.settle())).toEqual([])
  })

  test('a position that was never sent is a broken invariant', () => {
    const member = establishedLeader()
    expect(() => echo(member, '2', 3)).toThrow('never sent')
  })
})

describe('reads of a follower (§6.4.1)', () => {
  function follower(
    options: { maxPendingReads?: number; electionTicks?: number } = {},
  ): TestMember {
    const member = new TestMember(options)
    member.hearFrom('2', 1)
    member.settle()
    return member
  }

  function ask(member: TestMember, ...refs: number[]): number {
    for (const ref of refs) member.raft.readIndex(ref)
    const requests = ofType(member.takeMessages(), 'readIndexRequest')
    expect(requests).toMatchObject([{ to: '2', term: 1 }])
    return requests[0]!.ref
  }

  test('are passed to the leader in one request, and answered by its response', () => {
    const member = follower()
    const ref = ask(member, 7, 8)
    member.receive({ type: 'readIndexResponse', from: '2', term: 1, ref, index: 5 })
    const readies = member.settle()
    expect(answers(readies)).toEqual([
      [7, 5],
      [8, 5],
    ])
    member.receive({ type: 'readIndexResponse', from: '2', term: 1, ref, index: 6 })
    expect(member.raft.hasReady()).toBe(false)
  })

  test('are dropped when the leader could not serve them', () => {
    const member = follower()
    const ref = ask(member, 7)
    member.receive({ type: 'readIndexResponse', from: '2', term: 1, ref, index: undefined })
    expect(drops(member.settle())).toEqual([7])
  })

  test('are dropped at once without a leader', () => {
    const member = new TestMember()
    member.raft.readIndex(7)
    expect(member.raft.ready()).toMatchObject({ droppedReads: [7], messages: [] })
  })

  test('are dropped when the term changes, and a late answer is ignored (etcd #20418)', () => {
    const member = follower()
    const ref = ask(member, 7)
    member.raft.readIndex(8)
    member.hearFrom('3', 2)
    expect(drops(member.settle())).toEqual([7, 8])
    member.receive({ type: 'readIndexResponse', from: '2', term: 1, ref, index: 5 })
    member.receive({ type: 'readIndexResponse', from: '3', term: 2, ref, index: 5 })
    expect(answers(member.settle())).toEqual([])
  })

  test('are dropped when the leader is given up', () => {
    const member = follower()
    ask(member, 7)
    member.raft.campaign()
    expect(drops(member.settle())).toEqual([7])
  })

  test('are answered by nobody but the leader', () => {
    const member = follower()
    const ref = ask(member, 7)
    member.receive({ type: 'readIndexResponse', from: '3', term: 1, ref, index: 5 })
    expect(answers(member.settle())).toEqual([])
  })

  test('are dropped when no answer comes within an election timeout', () => {
    const member = follower({ electionTicks: 10 })
    ask(member, 7)
    for (let tick = 0; tick < 9; tick += 1) {
      member.tick()
      member.hearFrom('2')
    }
    expect(drops(member.settle())).toEqual([])
    const ref = ask(member, 8)
    member.tick()
    expect(drops(member.settle())).toEqual([7])
    member.receive({ type: 'readIndexResponse', from: '2', term: 1, ref, index: 3 })
    expect(answers(member.settle())).toEqual([[8, 3]])
  })

  test('beyond maxPendingReads are dropped', () => {
    const member = follower({ maxPendingReads: 1 })
    member.raft.readIndex(7)
    member.raft.readIndex(8)
    expect(drops(member.settle())).toEqual([8])
  })

  test('of a restarted member are not answered by what was meant for its former self', () => {
    const refs = [1, 2].map((seed) => {
      const member = new TestMember({ seed })
      member.hearFrom('2', 1)
      member.settle()
      return ask(member, 7)
    })
    expect(refs[0]).not.toBe(refs[1])
  })
})

describe('reads that followers pass on, at the receiver', () => {
  test('are answered with the index that a quorum confirmed', () => {
    const member = establishedLeader()
    member.receive({ type: 'readIndexRequest', from: '3', term: 1, ref: 70 })
    member.settle()
    echo(member, '2', 1)
    echo(member, '4', 1)
    expect(ofType(member.takeMessages(), 'readIndexResponse')).toEqual([
      { type: 'readIndexResponse', from: '1', to: '3', term: 1, ref: 70, index: 1 },
    ])
  })

  test('are refused by who does not lead', () => {
    const member = new TestMember()
    member.hearFrom('2', 1)
    member.settle()
    member.receive({ type: 'readIndexRequest', from: '3', term: 1, ref: 70 })
    expect(member.takeMessages()).toEqual([
      { type: 'readIndexResponse', from: '1', to: '3', term: 1, ref: 70, index: undefined },
    ])
  })

  test('are refused when the leader steps down', () => {
    const member = establishedLeader()
    member.receive({ type: 'readIndexRequest', from: '3', term: 1, ref: 70 })
    member.tick(10)
    expect(ofType(member.takeMessages(), 'readIndexResponse')).toMatchObject([
      { to: '3', ref: 70, index: undefined },
    ])
  })

  test('by learners are served like any other', () => {
    const member = establishedLeader()
    member.receive({ type: 'readIndexRequest', from: '6', term: 1, ref: 1 })
    member.settle()
    for (const from of ['2', '3']) echo(member, from, 1)
    expect(ofType(member.takeMessages(), 'readIndexResponse')).toMatchObject([
      { to: '6', index: 1 },
    ])
  })
})

test('the no-op that opens reads is an entry like any other', () => {
  const member = new TestMember({ voters: ['1'] })
  member.raft.campaign()
  expect(member.settle().flatMap(({ committed }) => committed)).toEqual([noop(1, 1)])
})
