/** What is not like a message never reaches the core (catalogue 49 and 54). */

import { encodeMembership, type Message } from '@holdfast/raft'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { decodeMessages } from './peer-codec.js'
import type { PeerMessage } from './peer-message.js'
import { anyMessage, bytes, raftMessages, STREAM } from './peer-message.test-support.js'

const packr = new Packr({ useRecords: true })
const decode = (...messages: readonly unknown[]): readonly PeerMessage[] =>
  decodeMessages(packr.pack(messages), STREAM)

const envelope = { ...STREAM, term: 7 }
const data = Buffer.of(1)
const entries = [
  { index: 4, term: 6, kind: 'command', data },
  { index: 5, term: 7, kind: 'noop', data },
]
const append = {
  ...{ type: 'appendEntries', ...envelope, prevLogIndex: 3, prevLogTerm: 6 },
  ...{ entries, commitIndex: 0 },
}
const [first, second] = entries
const response = { type: 'heartbeatResponse', ...envelope, readPosition: 0 }
const forward = { type: 'forwardProposal', ...envelope, ref: 1, commands: [data] }
const answer = { type: 'readIndexResponse', ...envelope, ref: 1 }

describe('a message is refused', () => {
  it.each<[string, unknown]>([
    ['with a term that is no integer', { ...response, term: 1000.5 }],
    ['with a term that no member can tell from the next', { ...response, term: 2 ** 53 }],
    ['with a negative position', { ...response, readPosition: -1 }],
    ['without a position', { type: 'heartbeatResponse', ...envelope }],
    ['with null for nothing', { ...answer, index: null }],
    ['with a word for a truth', { type: 'preVoteResponse', ...envelope, granted: 'no' }],
    ['without commands', { ...forward, commands: undefined }],
    ['with no command', { ...forward, commands: [] }],
    ['with a command that is text', { ...forward, commands: [data, 'put'] }],
    ['with entries that are bytes', { ...append, entries: data }],
    ['with nothing for an entry', { ...append, entries: [first, null] }],
    ['with a gap before its entries', { ...append, prevLogIndex: 2 }],
    ['with a gap between its entries', { ...append, entries: [first, { ...second, index: 6 }] }],
    ['with terms that fall', { ...append, entries: [{ ...first, term: 5 }, second] }],
    ['with entries of a later term', { ...append, entries: [first, { ...second, term: 8 }] }],
    ['with an entry of no known kind', { ...append, entries: [{ ...first, kind: 'toString' }] }],
    ['with an entry without data', { ...append, entries: [{ ...first, data: undefined }] }],
    ['with a membership of nobody', { ...append, entries: [{ ...first, kind: 'membership' }] }],
    ['with a fingerprint that is none', { ...append, prevLogFingerprint: 2 ** 32 }],
    ['that asks without an id', { type: 'question', body: {} }],
    ['that answers without an id', { type: 'reply', id: '1' }],
  ])('%s', (_what, message) => {
    expect(() => decode(message)).toThrow(TypeError)
  })

  it('whatever comes with it', () => {
    expect(() => decode(response, { ...response, term: -1 })).toThrow(
      'the term of a message of the type heartbeatResponse is wrong',
    )
  })
})

describe('a message is accepted', () => {
  it.each<[string, unknown]>([
    ['with entries', append],
    ['with a fingerprint', { ...append, prevLogFingerprint: 2 ** 32 - 1 }],
    ['that says that there is no fingerprint', { ...append, prevLogFingerprint: undefined }],
    ['without the index that it could not serve', { ...answer, index: undefined }],
    ['of somebody who says more', { ...response, more: true }],
  ])('%s', (_what, message) => {
    expect(decode(message)).toEqual([message])
  })

  it('with a membership', () => {
    const membership = encodeMembership({ voters: ['1'], learners: [] })
    const message = { ...append, entries: [{ ...first, kind: 'membership', data: membership }] }
    expect(() => decode(message)).not.toThrow()
  })
})

/** The little that the core takes for granted of a value, said once more and in another way. */
function kindOf(value: unknown): string {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? 'count' : 'odd'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'list'
  return typeof value
}

const OPTIONAL: readonly string[] = ['prevLogFingerprint', 'index', 'body']

/** Unless each field is like the one of a message that is known to be right. */
function expectLike(message: object, right: object): void {
  for (const [field, value] of Object.entries(right)) {
    if (field === 'body') continue
    const got: unknown = (message as Record<string, unknown>)[field]
    if (OPTIONAL.includes(field) && [got, value].includes(undefined)) continue
    expect({ field, kind: kindOf(got) }).toEqual({ field, kind: kindOf(value) })
  }
}

function expectLikeItsType(message: PeerMessage): void {
  const arbitrary = raftMessages.get(message.type)
  if (arbitrary === undefined) {
    expectLike(message, { type: message.type, id: 1 })
    return
  }
  const [right] = fc.sample(arbitrary, { numRuns: 1, seed: 1 })
  expectLike(message, right as Message)
  if (message.type === 'forwardProposal') {
    expect(message.commands.map(kindOf)).toEqual(message.commands.map(() => 'bytes'))
  }
  if (message.type !== 'appendEntries') return
  for (const [at, entry] of message.entries.entries()) {
    expectLike(entry, entries[0] as object)
    expect(entry.index).toBe(message.prevLogIndex + 1 + at)
  }
}

/** Nothing that is wrong comes out, and nothing but a `TypeError` is thrown. */
function expectSoundOrRefused(payload: Buffer): void {
  let messages: readonly PeerMessage[]
  try {
    messages = decodeMessages(payload, STREAM)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return
  }
  for (const message of messages) expectLikeItsType(message)
}

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(undefined, null, -1, 0, 1.5, NaN, Infinity, 2 ** 53, '1', '', true, {}, []),
  ...[fc.anything({ withDate: false }), fc.double(), fc.integer(), bytes],
)

/** The message, but for one value somewhere in it. */
function mutated(message: unknown, path: readonly number[], value: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || typeof message !== 'object' || message === null) return value
  if (message instanceof Uint8Array) return value
  const keys = Object.keys(message)
  const key = keys[step % Math.max(keys.length, 1)]
  if (key === undefined) return value
  const inner = mutated((message as Record<string, unknown>)[key], rest, value)
  if (!Array.isArray(message)) return { ...message, [key]: inner }
  return message.map((one: unknown, at) => (String(at) === key ? inner : one))
}

describe('a message with something changed', () => {
  const path = fc.array(fc.nat(100), { minLength: 1, maxLength: 3 })

  it('is refused, or is like a message', () => {
    fc.assert(
      fc.property(anyMessage, path, odd, (message, where, value) => {
        let payload: Buffer
        try {
          payload = packr.pack([mutated(message, where, value)])
        } catch {
          return
        }
        expectSoundOrRefused(payload)
      }),
      { numRuns: 5_000 },
    )
  })

  it('is refused, or is like a message, when only its bytes are known', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 3 }), flips, (messages, changes) => {
        const payload = packr.pack(messages)
        for (const [at, byte] of changes) payload[at % payload.length] = byte
        expectSoundOrRefused(payload)
      }),
      { numRuns: 5_000 },
    )
  })
})
