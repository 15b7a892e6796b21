/**
 * What the fields of each message must be like. The core counts on its types, and ends the member when
 * what it takes for granted is not so: a message that is damaged, or of another version, must not get
 * that far (catalogue 49 and 54).
 *
 * Whether a message makes sense where the core stands now is the core's own business. This runs for
 * every message, so it allocates nothing unless it refuses.
 */

import { decodeMembership, type Entry, type EntryKind } from '@holdfast/raft'
import type { SpokenMessage } from './peer-message.js'

/** May look at the fields that stand before it in the table. */
type Check = (value: unknown, message: Fields) => boolean
type Fields = Readonly<Record<string, unknown>>

type SpokenType = SpokenMessage['type']
/** Those of Raft's messages name the stream's members, which whoever knows the stream looks at. */
type FieldsOf<Type extends SpokenType> = Exclude<
  keyof Extract<SpokenMessage, { type: Type }>,
  'type' | 'from' | 'to'
>

/** Terms, indexes, positions and refs. */
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isBoolean: Check = (value) => typeof value === 'boolean'
const isAnything: Check = () => true
const isCountOrNone: Check = (value, message) => value === undefined || isCount(value, message)
const isUint32OrNone: Check = (value) => value === undefined || (value as number) >>> 0 === value
const isCommands: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((data) => data instanceof Uint8Array)

const KINDS: Readonly<Record<EntryKind, (data: Uint8Array) => boolean>> = {
  noop: () => true,
  command: () => true,
  membership: (data) => {
    try {
      decodeMembership(data)
      return true
    } catch {
      return false
    }
  },
}

/** What follows the entry that is named before them: index after index, in terms that never fall. */
const isEntries: Check = (value, { term, prevLogIndex, prevLogTerm }) => {
  if (!Array.isArray(value)) return false
  let index = prevLogIndex as number
  let lastTerm = prevLogTerm as number
  for (const entry of value as readonly unknown[]) {
    index += 1
    if (!isEntry(entry) || entry.index !== index || entry.term < lastTerm) return false
    lastTerm = entry.term
  }
  return Number.isSafeInteger(index) && lastTerm <= (term as number)
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false
  const { index, term, kind, data } = value as Readonly<Record<keyof Entry, unknown>>
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(term)) return false
  if (typeof kind !== 'string' || !(data instanceof Uint8Array)) return false
  return Object.hasOwn(KINDS, kind) && KINDS[kind as EntryKind](data)
}

const TABLE: {
  readonly [Type in SpokenType]: { readonly [Field in FieldsOf<Type>]-?: Check }
} = {
  preVote: { term: isCount, lastLogIndex: isCount, lastLogTerm: isCount },
  preVoteResponse: { term: isCount, granted: isBoolean },
  requestVote: {
    term: isCount,
    lastLogIndex: isCount,
    lastLogTerm: isCount,
    isTransfer: isBoolean,
  },
  requestVoteResponse: { term: isCount, granted: isBoolean },
  appendEntries: {
    term: isCount,
    prevLogIndex: isCount,
    prevLogTerm: isCount,
    prevLogFingerprint: isUint32OrNone,
    entries: isEntries,
    commitIndex: isCount,
  },
  appendEntriesAccepted: { term: isCount, matchIndex: isCount },
  appendEntriesRejected: {
    term: isCount,
    prevLogIndex: isCount,
    hintIndex: isCount,
    hintTerm: isCount,
  },
  heartbeat: { term: isCount, commitIndex: isCount, readPosition: isCount },
  heartbeatResponse: { term: isCount, readPosition: isCount },
  readIndexRequest: { term: isCount, ref: isCount },
  readIndexResponse: { term: isCount, ref: isCount, index: isCountOrNone },
  forwardProposal: { term: isCount, ref: isCount, commands: isCommands },
  forwardProposalRejected: { term: isCount, ref: isCount },
  timeoutNow: { term: isCount },
  // What is asked, and answered, is looked at by whoever understands it.
  question: { id: isCount, body: isAnything },
  reply: { id: isCount, body: isAnything },
}

const CHECKS: ReadonlyMap<unknown, readonly (readonly [field: string, check: Check])[]> = new Map(
  Object.entries(TABLE).map(([type, fields]) => [type, Object.entries<Check>(fields)]),
)

/**
 * Whom it is from and to is not looked at.
 * @throws {TypeError} when it is no message
 */
export function requireMessage(value: unknown): asserts value is SpokenMessage {
  if (typeof value !== 'object' || value === null)
    throw new TypeError('a frame holds what is no message')
  const message = value as Fields
  const checks = CHECKS.get(message['type'])
  if (checks === undefined) throw new TypeError('a message of no known type')
  for (const [field, check] of checks) {
    if (check(message[field], message)) continue
    throw new TypeError(`the ${field} of a message of the type ${String(message['type'])} is wrong`)
  }
}
