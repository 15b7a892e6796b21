/** What the node needs of the network: the consumer declares it, `transport/` implements it. */

import type { MemberChange, MemberRefusalReason } from './member-change.js'
import type { PeerBook } from './peer-book.js'
import type { InstallSnapshot, MemberId, Message } from '@holdfast/raft'

/** Questions that only the leader can answer, beside Raft's own messages. */
export type PeerRequest =
  | { readonly type: 'leaseRenew'; readonly id: string }
  | { readonly type: 'leaseRemaining'; readonly id: string }
  | { readonly type: 'leasesBySoonestExpiry' }
  | { readonly type: 'changeMembership'; readonly change: MemberChange }
  | { readonly type: 'transferLeadership'; readonly to: MemberId }

export type PeerAnswer =
  /** Undefined when there is no such lease. */
  | { readonly type: 'leaseRenew'; readonly ttlSeconds: number | undefined }
  | { readonly type: 'leaseRemaining'; readonly remainingMs: number | undefined }
  | { readonly type: 'leasesBySoonestExpiry'; readonly ids: readonly string[] }
  | {
      readonly type: 'changeMembership' | 'transferLeadership'
      /** Undefined when it was done. */
      readonly refusal: MemberRefusalReason | undefined
    }

export interface PeerTransport {
  /** Queues a message; it may be lost. */
  send(message: Message): void
  /** Sends what was queued in this turn, as few frames as possible. */
  flush(): void
  /** Rejects when the peer does not answer in time or is not connected. */
  request(to: MemberId, request: PeerRequest, timeoutMs: number): Promise<PeerAnswer>
  /** Who belongs to the cluster now, this member too, and where they are. */
  setPeers(book: PeerBook): void
  close(): Promise<void>
}

/** What the transport hands to the node. */
export interface PeerHandler {
  onMessage(message: Message): void
  onRequest(request: PeerRequest): Promise<PeerAnswer>
  /** Messages to this member were dropped: the leader should probe before it streams again. */
  onUnreachable(id: MemberId): void
  /** Whether a snapshot that is offered would be of use. */
  wantsSnapshot(message: InstallSnapshot): boolean
  /** A snapshot has been received, whole and durably. */
  onSnapshot(message: InstallSnapshot): void
}
