/** What members say to each other arrives as it was said, or not at all (catalogue 49 and 54). */

import type { Entry, Message } from '@holdfast/raft'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { decodeMessages, encodeMessages, type PeerMessage } from './peer-codec.js'

const STREAM = { from: '18446744073709551615', to: '2' }

const number = fc.nat(Number.MAX_SAFE_INTEGER)
const boolean = fc.boolean()
const data = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const entry: fc.Arbitrary<Entry> = fc.record({
  index: number,
  term: number,
  kind: fc.constantFrom('noop', 'command', 'membership'),
  data,
})

/** A snapshot is offered on a stream of its own. */
type MessageType = Exclude<Message['type'], 'installSnapshot'>
type BodyOf<Type extends MessageType> = Omit<
  Extract<Message, { type: Type }>,
  'type' | 'from' | 'to' | 'term'
>

/** One entry for each type of message, which the compiler checks. */
const bodies: { readonly [Type in MessageType]: fc.Arbitrary<BodyOf<Type>> } = {
  preVote: fc.record({ lastLogIndex: number, lastLogTerm: number }),
  preVoteResponse: fc.record({ granted: boolean }),
  requestVote: fc.record({
    lastLogIndex: number,
    lastLogTerm: number,
    isTransfer: fc.boolean(),
  }),
  requestVoteResponse: fc.record({ granted: boolean }),
  appendEntries: fc.record({
    prevLogIndex: number,
    prevLogTerm: number,
    entries: fc.array(entry, { maxLength: 5 }),
    commitIndex: number,
  }),
  appendEntriesAccepted: fc.record({ matchIndex: number }),
  appendEntriesRejected: fc.record({ prevLogIndex: number, hintIndex: number, hintTerm: number }),
  heartbeat: fc.record({ commitIndex: number, readPosition: number }),
  heartbeatResponse: fc.record({ readPosition: number }),
  readIndexRequest: fc.record({ ref: number }),
  readIndexResponse: fc.record({ ref: number, index: fc.option(number, { nil: undefined }) }),
  forwardProposal: fc.record({ ref: number, commands: fc.array(data, { maxLength: 5 }) }),
  forwardProposalRejected: fc.record({ ref: number }),
  timeoutNow: fc.record({}),
}

const raftMessages = Object.entries(bodies).map(([type, body]) =>
  fc.tuple(number, body as fc.Arbitrary<object>).map(([term, rest]) => {
    return { type, ...STREAM, term, ...rest } as Message
  }),
)

const body = fc.oneof(
  fc.record({ type: fc.constant('leaseRenew'), id: fc.bigInt({ min: 1n }).map(String) }),
  fc.record({ type: fc.constant('leasesBySoonestExpiry'), ids: fc.array(fc.string()) }),
  fc.record({ type: fc.constant('leaseRenew'), ttlSeconds: fc.constant(undefined) }),
)

const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  ...raftMessages,
  fc.record({ type: fc.constant('question' as const), id: number, body }),
  fc.record({ type: fc.constant('reply' as const), id: number, body }),
  fc.record({ type: fc.constant('reply' as const), id: number }),
)

const heartbeat = {
  type: 'heartbeat',
  ...STREAM,
  term: 1,
  commitIndex: 1,
  readPosition: 1,
} as const

describe('a frame of messages', () => {
  it.each(
    raftMessages.map((arbitrary, index) => [Object.keys(bodies)[index]!, arbitrary] as const),
  )('brings %s as it was', (_type, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (sent) => {
        expect(decodeMessages(encodeMessages([sent]), STREAM)).toEqual([sent])
      }),
    )
  })

  it('brings any mixture of messages, questions and replies, in order', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), (sent) => {
        expect(decodeMessages(encodeMessages(sent), STREAM)).toEqual(sent)
      }),
      { numRuns: 300 },
    )
  })

  it('is not changed by the frames that are encoded after it', () => {
    fc.assert(
      fc.property(fc.array(fc.array(message, { maxLength: 5 }), { maxLength: 10 }), (frames) => {
        const payloads = frames.map((messages) => encodeMessages(messages))
        expect(payloads.map((payload) => decodeMessages(payload, STREAM))).toEqual(frames)
      }),
    )
  })

  it('takes plain byte arrays as well as buffers', () => {
    const commands = [Uint8Array.of(1, 2, 3), new Uint8Array(0)]
    const sent: Message = { type: 'forwardProposal', ...STREAM, term: 1, ref: 2, commands }
    const [received] = decodeMessages(encodeMessages([sent]), STREAM)
    expect(received).toEqual({ ...sent, commands: [Buffer.of(1, 2, 3), Buffer.of()] })
  })
})

describe('a frame that must not be believed', () => {
  it.each([
    ['from another sender', { ...heartbeat, from: '3' }],
    ['to another receiver', { ...heartbeat, to: '3' }],
  ])('holds a message %s than the stream was opened for', (_what, foreign) => {
    expect(() => decodeMessages(encodeMessages([heartbeat, foreign]), STREAM)).toThrow(/foreign/)
  })

  it.each([
    ['no array', { ...heartbeat }],
    ['nothing of a message', [null]],
    ['a message without a type', [{ from: STREAM.from, to: STREAM.to }]],
    ['a message of a type that is not spoken here', [{ ...heartbeat, type: 'installSnapshot' }]],
    ['a message whose type is a property of every object', [{ ...heartbeat, type: 'toString' }]],
  ])('holds %s', (_what, content) => {
    const payload = new Packr({ useRecords: true }).pack(content)
    expect(() => decodeMessages(payload, STREAM)).toThrow(TypeError)
  })

  it('is empty, cut off, or goes on after its end', () => {
    const payload = encodeMessages([heartbeat])
    expect(() => decodeMessages(Buffer.alloc(0), STREAM)).toThrow()
    expect(() => decodeMessages(payload.subarray(0, -1), STREAM)).toThrow()
    expect(() => decodeMessages(Buffer.concat([payload, payload]), STREAM)).toThrow()
  })
})
