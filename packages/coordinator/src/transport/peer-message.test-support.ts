/** Any message that a member may say to another. */

import { encodeMembership, type Entry } from '@holdfast/raft'
import fc from 'fast-check'
import type { PeerMessage, SpokenMessage } from './peer-message.js'

export const STREAM = { from: '18446744073709551615', to: '2' }

type MessageType = Exclude<SpokenMessage['type'], 'question' | 'reply'>
type BodyOf<Type extends MessageType> = Omit<
  Extract<SpokenMessage, { type: Type }>,
  'type' | 'from' | 'to' | 'term'
>

/** Leaves room for the entries that follow. */
const number = fc.nat(2 ** 52)
const boolean = fc.boolean()
const fingerprint = fc.option(fc.nat(2 ** 32 - 1), { nil: undefined })
export const bytes = fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data))
const membership = Buffer.from(encodeMembership({ voters: ['1', '2'], learners: ['3'] }))

const kindAndData: fc.Arbitrary<Pick<Entry, 'kind' | 'data'>> = fc.oneof(
  fc.record({ kind: fc.constant('noop' as const), data: fc.constant(Buffer.alloc(0)) }),
  fc.record({ kind: fc.constant('command' as const), data: bytes }),
  fc.record({ kind: fc.constant('membership' as const), data: fc.constant(membership) }),
)

/** One for each type of message, which the compiler checks; `entries` follow what comes before. */
const bodies: { readonly [Type in MessageType]: fc.Arbitrary<BodyOf<Type>> } = {
  preVote: fc.record({ lastLogIndex: number, lastLogTerm: number }),
  preVoteResponse: fc.record({ granted: boolean }),
  requestVote: fc.record({ lastLogIndex: number, lastLogTerm: number, isTransfer: boolean }),
  requestVoteResponse: fc.record({ granted: boolean }),
  appendEntries: fc
    .record({
      ...{ prevLogIndex: number, prevLogTerm: fc.nat(100), prevLogFingerprint: fingerprint },
      ...{ contents: fc.array(kindAndData, { maxLength: 5 }), commitIndex: number },
    })
    .map(({ contents, ...rest }) => {
      const { prevLogIndex, prevLogTerm } = rest
      const follow = (content: Pick<Entry, 'kind' | 'data'>, at: number): Entry => {
        return { index: prevLogIndex + 1 + at, term: prevLogTerm + at, ...content }
      }
      return { ...rest, entries: contents.map(follow) }
    }),
  appendEntriesAccepted: fc.record({ matchIndex: number }),
  appendEntriesRejected: fc.record({ prevLogIndex: number, hintIndex: number, hintTerm: number }),
  heartbeat: fc.record({ commitIndex: number, readPosition: number }),
  heartbeatResponse: fc.record({ readPosition: number }),
  readIndexRequest: fc.record({ ref: number }),
  readIndexResponse: fc.record({ ref: number, index: fc.option(number, { nil: undefined }) }),
  forwardProposal: fc.record({
    ref: number,
    commands: fc.array(bytes, { minLength: 1, maxLength: 5 }),
  }),
  forwardProposalRejected: fc.record({ ref: number }),
  timeoutNow: fc.record({}),
}

const term = fc.integer({ min: 105, max: Number.MAX_SAFE_INTEGER })

export const raftMessages: ReadonlyMap<string, fc.Arbitrary<SpokenMessage>> = new Map(
  Object.entries(bodies).map(([type, body]) => [
    type,
    fc.tuple(term, body as fc.Arbitrary<object>).map(([inTerm, rest]) => {
      return { type, ...STREAM, term: inTerm, ...rest } as SpokenMessage
    }),
  ]),
)

const questionBody = fc.oneof(
  fc.record({ type: fc.constant('leaseRenew'), id: fc.bigInt({ min: 1n }).map(String) }),
  fc.record({ type: fc.constant('leasesBySoonestExpiry'), ids: fc.array(fc.string()) }),
  fc.record({ type: fc.constant('leaseRenew'), ttlSeconds: fc.constant(undefined) }),
)

export const anyMessage: fc.Arbitrary<PeerMessage> = fc.oneof(
  ...raftMessages.values(),
  fc.record({ type: fc.constant('question' as const), id: number, body: questionBody }),
  fc.record({ type: fc.constant('reply' as const), id: number, body: questionBody }),
  fc.record({ type: fc.constant('reply' as const), id: number }),
)
