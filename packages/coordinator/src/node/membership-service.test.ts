/** Changes of the membership, asked for by whoever a client talks to (catalogue 47, 56). */

import type {
  ChangeRefusal,
  LogPosition,
  Membership,
  MembershipAt,
  Status,
  TransferResult,
} from '@holdfast/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../time/clock.js'
import { pause } from '../time/pause.js'
import { MemberRefusal, type MemberChange } from './member-change.js'
import { MembershipService } from './membership-service.js'
import { NodeError } from './node-error.js'
import { encodePeerBook, peerBookOf } from './peer-book.js'
import type { PeerAnswer, PeerRequest } from './peer-transport.js'
import { turn } from './tracked.test-support.js'

/** Some attempts long. */
const TIMEOUT_MS = 400
const ELECTION_TIMEOUT_MS = 200

const membership: Membership = {
  voters: ['1', '2', '3'],
  learners: [],
  context: encodePeerBook({ urls: new Map([['1', ['http://h:1']]]), removed: [] }),
}

/** A member that leads, follows or knows no leader, as it is told. */
class Fixture {
  belief: Omit<Status, 'commitIndex'> = { role: 'leader', leaderId: '1', term: 4 }
  committedIndex = 0
  /** Of what was committed last. */
  committedTerm = 4
  /** Of a membership that is in force, committed or not. */
  begunIndex = 0
  result: LogPosition | ChangeRefusal = { index: 7, term: 4 }
  transferResult: TransferResult = 'started'
  readonly contexts: Uint8Array[] = []
  /** What the leader answers, in turn; `lost`: nothing comes back. The last one is repeated. */
  answers: (PeerAnswer | 'lost')[] = []
  readonly asked: PeerRequest[] = []
  readonly service: MembershipService

  constructor() {
    const [status, committedMembership, inForce] = [
      (): Status => ({ ...this.belief, commitIndex: this.committedIndex }),
      (): MembershipAt => ({ index: this.committedIndex, membership }),
      (): MembershipAt => ({ index: Math.max(this.committedIndex, this.begunIndex), membership }),
    ]
    this.service = new MembershipService({
      raft: {
        get status() {
          return status()
        },
        get membership() {
          return inForce()
        },
        get committedMembership() {
          return committedMembership()
        },
        changeMembership: (_change, context) => {
          this.contexts.push(context)
          return this.result
        },
        isCommitted: ({ index, term }) =>
          index <= this.committedIndex && term === this.committedTerm,
        transferLeadership: () => this.transferResult,
        isActive: () => true,
      },
      clock: systemClock,
      transport: {
        request: (_to, request) => {
          this.asked.push(request)
          const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0]
          if (answer === undefined || answer === 'lost') return Promise.reject(new Error('lost'))
          return Promise.resolve(answer)
        },
      },
      hasStarted: () => true,
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      wake: () => undefined,
    })
  }

  follow(...answers: readonly (PeerAnswer | 'lost')[]): void {
    this.belief = { ...this.belief, role: 'follower' }
    this.answers = [...answers]
  }
}

const add: MemberChange = { type: 'add', id: '8', peerUrls: ['http://h:8'], isLearner: true }
const done: PeerAnswer = { type: 'changeMembership', refusal: undefined }

let fixture: Fixture
beforeEach(() => {
  fixture = new Fixture()
})

describe('on the leader', () => {
  it('a change is done when it is committed, and carries everybody’s address', async () => {
    await expect(fixture.service.change(add, TIMEOUT_MS)).rejects.toEqual(
      new NodeError('timeout', 'unknown'),
    )
    const change = fixture.service.change(add, TIMEOUT_MS)
    await turn()
    fixture.committedIndex = 7
    await change
    const [context] = fixture.contexts
    expect([...peerBookOf({ ...membership, context: context! }).urls]).toEqual([
      ['1', ['http://h:1']],
      ['8', ['http://h:8']],
    ])
  })

  it('who is removed is remembered as that', async () => {
    fixture.committedIndex = 7
    await fixture.service.change({ type: 'remove', id: '1' }, TIMEOUT_MS)
    const { urls, removed } = peerBookOf({ ...membership, context: fixture.contexts[0]! })
    expect([urls.has('1'), removed]).toEqual([false, ['1']])
  })

  it.each<ChangeRefusal>(['notReady', 'changePending', 'transferring'])(
    'a change that must wait (%s) is begun when it may',
    async (refusal) => {
      fixture.result = refusal
      fixture.committedIndex = 7
      const change = fixture.service.change(add, TIMEOUT_MS)
      await turn()
      fixture.result = { index: 7, term: 4 }
      await change
    },
  )

  it('is not taken for done, nor refused, by what is not committed', async () => {
    fixture.begunIndex = 5
    await expect(fixture.service.change(add, TIMEOUT_MS)).rejects.toEqual(
      new NodeError('timeout', 'unknown'),
    )
    expect(fixture.contexts).toEqual([])
  })

  it('a change whose term has passed is asked for again', async () => {
    const change = fixture.service.change(add, TIMEOUT_MS)
    await turn()
    fixture.belief = { ...fixture.belief, term: 5 }
    fixture.follow(done)
    await change
    expect(fixture.asked).toHaveLength(1)
  })

  it('a change is not done by what another leader has committed in its place', async () => {
    const change = fixture.service.change(add, TIMEOUT_MS)
    await turn()
    fixture.belief = { ...fixture.belief, term: 5 }
    fixture.committedIndex = 7
    fixture.committedTerm = 5
    fixture.follow(done)
    await change
    expect(fixture.asked).toHaveLength(1)
  })

  it.each<[ChangeRefusal, string]>([
    ['notInSync', 'learnerNotReady'],
    ['lastVoter', 'notEnoughStarted'],
  ])('a refusal of the core (%s) is a refusal', async (refusal, reason) => {
    fixture.result = refusal
    const change = fixture.service.change({ type: 'remove', id: '1' }, TIMEOUT_MS)
    await expect(change).rejects.toEqual(new MemberRefusal(reason as never))
  })
})

describe('elsewhere', () => {
  it('the leader is asked', async () => {
    fixture.follow(done)
    await fixture.service.change(add, TIMEOUT_MS)
    expect(fixture.asked).toEqual([{ type: 'changeMembership', change: add }])
  })

  it.each<[MemberChange, string]>([
    [add, 'memberExists'],
    [{ type: 'remove', id: '2' }, 'memberNotFound'],
    [{ type: 'promote', id: '2' }, 'memberNotLearner'],
  ])('a change whose answer was lost is known to be done: %o', async (change, refusal) => {
    const again = { type: 'changeMembership', refusal } as PeerAnswer
    fixture.follow('lost', again)
    await fixture.service.change(change, TIMEOUT_MS)
    fixture.follow(again)
    await expect(fixture.service.change(change, TIMEOUT_MS)).rejects.toBeInstanceOf(MemberRefusal)
  })

  it('without a leader nothing is done, and that is said', async () => {
    fixture.follow()
    fixture.belief = { ...fixture.belief, leaderId: undefined }
    await expect(fixture.service.change(add, TIMEOUT_MS)).rejects.toEqual(
      new NodeError('noLeader', 'not-applied'),
    )
  })

  it('with a leader that never answers the outcome is unknown', async () => {
    fixture.follow('lost')
    await expect(fixture.service.change(add, TIMEOUT_MS)).rejects.toEqual(
      new NodeError('timeout', 'unknown'),
    )
  })
})

describe('a transfer of the leadership', () => {
  it('is done when the target leads', async () => {
    const transfer = fixture.service.transferLeadership('2', TIMEOUT_MS)
    await turn()
    fixture.belief = { ...fixture.belief, leaderId: '2' }
    await transfer
  })

  it('that does not happen in time is given up', async () => {
    fixture.belief = { ...fixture.belief, leaderId: undefined }
    await expect(fixture.service.transferLeadership('2', TIMEOUT_MS)).rejects.toEqual(
      new NodeError('notTransferred', 'unknown'),
    )
  })

  it.each(['1', '3'])('has failed when an election timeout later %s leads', async (leaderId) => {
    const startedAt = performance.now()
    const transfer = fixture.service.transferLeadership('2', 20 * TIMEOUT_MS)
    const refused = expect(transfer).rejects.toEqual(new NodeError('notTransferred', 'unknown'))
    await turn()
    fixture.belief = { ...fixture.belief, leaderId }
    await refused
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(ELECTION_TIMEOUT_MS)
    expect(performance.now() - startedAt).toBeLessThan(10 * TIMEOUT_MS)
  })

  it('has not failed for as long as nobody leads', async () => {
    const transfer = fixture.service.transferLeadership('2', 20 * TIMEOUT_MS)
    await turn()
    fixture.belief = { ...fixture.belief, leaderId: undefined }
    await pause(systemClock, 2 * ELECTION_TIMEOUT_MS)
    fixture.belief = { ...fixture.belief, leaderId: '2' }
    await transfer
  })

  it('goes to voters only', async () => {
    fixture.transferResult = 'notVoter'
    await expect(fixture.service.transferLeadership('9', TIMEOUT_MS)).rejects.toEqual(
      new MemberRefusal('badTransferee'),
    )
  })
})
