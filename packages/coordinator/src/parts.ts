/**
 * What a member is made of, for who gives it other storage, another network and another clock:
 * simulations. Not part of the public API, and free to change with any version.
 */

export { createMember } from './member.js'
export type {
  Member,
  MemberChance,
  MemberHandler,
  MemberParts,
  MemberStorage,
  MemberTransport,
} from './member.js'
export { encodePeerBook, peerBookOf, type PeerBook } from './node/peer-book.js'
export type { StateSnapshot } from './node/snapshots.js'
export type { PeerAnswer, PeerRequest } from './node/peer-transport.js'
export type { MemberIdentity } from './resolve-identity.js'
export type { Proposal } from './state-machine/command.js'
export {
  stampOfStart,
  whatIsForgotten,
  type DirectoryStamp,
} from './state-machine/directory-stamp.js'
export type { Outcome, RevisionEvents } from './state-machine/outcome.js'
export { decodeProposal } from './state-machine/proposal-codec.js'
export type {
  AppliedBatch,
  CommittedProposal,
  StateMachine,
} from './state-machine/state-machine.js'
export {
  createStateMachine,
  type ReplaceableStateMachine,
} from './state-machine/store-state-machine.js'
export {
  openStorage,
  type DurableLog,
  type LogWrite,
  type Storage,
} from './storage/open-storage.js'
export { openStateStore, type SqliteStateStore } from './storage/sqlite-state-store.js'
export type { Cancel, Clock } from './time/clock.js'
export { decodeMessages, encodeMessages } from './transport/peer-codec.js'
