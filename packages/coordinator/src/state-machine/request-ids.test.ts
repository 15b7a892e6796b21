import { describe, expect, it } from 'vitest'
import { decodeOutcome, encodeOutcome } from './outcome-codec.js'
import type { Command } from './command.js'
import type { Outcome } from './outcome.js'
import { DEFAULT_REQUEST_LIMITS } from './request-ids.js'
import {
  compareNumber,
  deleteRange,
  kv,
  normalized,
  put,
  range,
  TestMachine,
  txn,
} from './state-machine.test-support.js'

const FEW = { maxRequests: 3, maxBytes: 1_000_000 }

describe('request ids', () => {
  it('give a retry the stored result and no other effect (catalogue 24, 70)', () => {
    const store = new TestMachine()
    const requestId = { id: 'one', issuedAtRevision: 1 }
    const operation = txn([], [put('a', '1', { prevKv: true }), range('a'), deleteRange('b', 'z')])
    const first = store.apply(kv(operation), { requestId })
    store.put('a', 'since')
    const hash = store.machine.hash()
    const retried = store.apply(kv(operation), { requestId, term: 2 })
    expect(normalized(retried)).toEqual(normalized(first))
    expect(retried).toMatchObject({ ok: true, result: { revision: 2 } })
    expect(store.lastBatch).toMatchObject({ revisions: [], leaseChanges: [] })
    expect(store.contents()).toEqual(['a=since@3'])
    expect(store.machine.hash()).toEqual(hash)
  })

  it('let what had no effect run again, and remember nothing of it (catalogue 70)', () => {
    const store = new TestMachine()
    const requestId = { id: 'one', issuedAtRevision: 1 }
    const keep = kv(put('a', '', { ignoreValue: true }))
    const first = store.apply(keep, { requestId })
    expect(first).toEqual({ ok: false, reason: 'keyNotFound', revision: 1 })
    store.put('a', 'now it works')
    expect(store.apply(keep, { requestId })).toMatchObject({ ok: true })
    expect(store.revision).toBe(3)
  })

  it('give what comes late the outcome of its repetition, though that had no effect', () => {
    const store = new TestMachine()
    store.put('a', 'before')
    const requestId = { id: 'one', issuedAtRevision: 2 }
    const swap = kv(txn([compareNumber('a', 'version', 2)], [put('a', 'mine')]))
    const repeated = store.apply(swap, { requestId: { ...requestId, isRepetition: true } })
    expect(repeated).toMatchObject({ ok: true, result: { succeeded: false } })
    store.put('a', 'theirs')
    // The client has been told that it did not succeed; now its first attempt arrives.
    expect(store.apply(swap, { requestId })).toEqual(repeated)
    expect(store.contents()).toEqual(['a=theirs@3'])
  })

  it('refuse what comes late when its repetition, which had no effect, is forgotten', () => {
    const store = new TestMachine({ limits: { ...FEW, maxRequests: 1 } })
    store.put('flag', 'before')
    store.apply(kv(deleteRange('flag')))
    const requestId = { id: 'one', issuedAtRevision: store.revision }
    const clear = kv(deleteRange('flag'))
    const repeated = store.apply(clear, { requestId: { ...requestId, isRepetition: true } })
    expect(repeated).toMatchObject({ ok: true, result: { deleted: 0 } })
    store.apply(kv(put('flag', 'raised')), { requestId: { id: 'two', issuedAtRevision: 3 } })
    expect(store.apply(clear, { requestId })).toMatchObject({ reason: 'requestIdExpired' })
    expect(store.contents()).toEqual(['flag=raised@4'])
  })

  it('are not used up by requests without effect, which would lock every writer out', () => {
    const store = new TestMachine({ limits: FEW })
    const write = (id: string, command: Command, issuedAtRevision: number): Outcome =>
      store.apply(command, { requestId: { id, issuedAtRevision } })
    write('first', kv(put('held')), 1)
    const busy = kv(txn([compareNumber('held', 'version', 0)], [put('x')]))
    for (let poll = 0; poll < 10; poll++) write(`poll ${poll}`, busy, 2)
    for (let poll = 0; poll < 10; poll++) write(`delete ${poll}`, kv(deleteRange('nothing')), 2)
    expect(write('other', kv(put('a')), 2)).toMatchObject({ ok: true })
    expect(write('first', kv(put('held')), 1)).toMatchObject({ ok: true, result: { revision: 2 } })
  })

  it('never lock out a client that has seen the present, whatever was forgotten at it', () => {
    const store = new TestMachine({ limits: FEW })
    for (let id = 1; id <= 10; id++) {
      const grant = { type: 'leaseGrant', id: String(id), ttlSeconds: 5 } as const
      store.apply(grant, { requestId: { id: `grant ${id}`, issuedAtRevision: 1 } })
    }
    const requestId = { id: 'write', issuedAtRevision: store.revision }
    expect(store.apply(kv(put('a')), { requestId })).toMatchObject({ ok: true })
  })

  it('cover leases and compactions', () => {
    const store = new TestMachine()
    const requestId = { id: 'grant', issuedAtRevision: 1 }
    const grant = { type: 'leaseGrant', id: '7', ttlSeconds: 5 } as const
    const first = store.apply(grant, { requestId })
    expect(store.apply(grant, { requestId })).toEqual(first)
    expect(store.lastBatch!.leaseChanges).toEqual([])
  })

  it('forget the oldest first, and refuse what may have been forgotten (catalogue 70)', () => {
    const store = new TestMachine({ limits: FEW })
    const write = (id: string, issuedAtRevision: number): Outcome =>
      store.apply(kv(put('a', id)), { requestId: { id, issuedAtRevision } })
    for (const id of ['1', '2', '3', '4']) write(id, 1)
    expect(store.revision).toBe(5)
    // '1', applied at revision 2, is forgotten: it must not run again, nor must any as old.
    expect(write('1', 1)).toEqual({ ok: false, reason: 'requestIdExpired', revision: 5 })
    expect(write('never seen', 1)).toMatchObject({ reason: 'requestIdExpired' })
    expect(store.revision).toBe(5)
    // '2' is remembered, however old.
    expect(write('2', 1)).toMatchObject({ ok: true, result: { revision: 3 } })
    // One that was first sent after the forgotten one had been applied is new.
    expect(write('5', 2)).toMatchObject({ ok: true, result: { revision: 6 } })
  })

  it('refuse nothing as long as nothing has been forgotten', () => {
    const store = new TestMachine({ limits: FEW })
    const requestId = { id: 'first', issuedAtRevision: 0 }
    expect(store.apply(kv(put('a')), { requestId })).toMatchObject({ ok: true })
  })

  it('do not take the place of a remembered one when refused as expired', () => {
    const store = new TestMachine({ limits: FEW })
    const write = (id: string): Outcome =>
      store.apply(kv(put('a', id)), { requestId: { id, issuedAtRevision: 1 } })
    for (const id of ['1', '2', '3', '4']) write(id)
    for (let at = 0; at < 5; at++) write(`late ${at}`)
    expect(write('2')).toMatchObject({ ok: true, result: { revision: 3 } })
  })

  it('are bounded by the bytes of their outcomes', () => {
    const store = new TestMachine({ limits: { maxRequests: 100, maxBytes: 3_000 } })
    store.put('big', 'v'.repeat(1_000))
    const read = (id: string, issuedAtRevision = 2): Outcome =>
      store.apply(kv(txn([], [range('big'), put('a')])), { requestId: { id, issuedAtRevision } })
    for (const id of ['1', '2', '3']) read(id)
    expect(read('1')).toMatchObject({ reason: 'requestIdExpired' })
    expect(read('2')).toMatchObject({ ok: true, result: { revision: 4 } })
    // One that is too large by itself is not remembered at all, so its retry is refused.
    store.put('big', 'v'.repeat(5_000))
    const issuedAtRevision = store.revision
    expect(read('huge', issuedAtRevision)).toMatchObject({ ok: true })
    expect(read('huge', issuedAtRevision)).toMatchObject({ reason: 'requestIdExpired' })
  })

  it('are bounded by 65,536 and 64 MiB unless told otherwise', () => {
    expect(DEFAULT_REQUEST_LIMITS).toEqual({ maxRequests: 65_536, maxBytes: 64 * 1024 * 1024 })
  })
})

describe('the encoding of outcomes', () => {
  const key = Buffer.from('k')
  const pair = {
    key,
    value: Buffer.from([0, 255]),
    createRevision: 2 ** 40,
    modRevision: 2 ** 52 + 1,
    version: 3,
    lease: '9223372036854775807',
  }
  const outcomes: Outcome[] = [
    { ok: false, reason: 'leaseNotFound', revision: 9 },
    { ok: true, result: { type: 'put', revision: 5, prevKv: undefined } },
    { ok: true, result: { type: 'put', revision: 5, prevKv: pair } },
    { ok: true, result: { type: 'compact', revision: 5 } },
    { ok: true, result: { type: 'leaseRevoke', revision: 5 } },
    { ok: true, result: { type: 'publishMember', revision: 5 } },
    { ok: true, result: { type: 'leaseGrant', revision: 5, id: '1', ttlSeconds: 2 } },
    { ok: true, result: { type: 'leaseExpire', revision: 5, void: true } },
    {
      ok: true,
      result: {
        type: 'txn',
        revision: 5,
        succeeded: false,
        responses: [
          { type: 'range', revision: 4, kvs: [pair], more: true, count: 7 },
          { type: 'deleteRange', revision: 5, deleted: 2, prevKvs: [pair, pair] },
          { type: 'txn', revision: 5, succeeded: true, responses: [] },
        ],
      },
    },
  ]

  it.each(outcomes)('gives back %j', (outcome) => {
    expect(decodeOutcome(encodeOutcome(outcome))).toEqual(outcome)
  })
})
