/**
 * What producers and consumers of a queue saw, and what was in it at the end. An item is named by its
 * content, which its producer makes unique, so a push that took effect twice shows.
 */

import type { OperationRecord } from './operation-record.js'
import type { Violation } from './violation.js'

export type PushRecord = OperationRecord<
  { readonly item: string; /** Higher goes first. Default 0. */ readonly priority?: number },
  /** At which the item came into the queue, if that was told. */
  { readonly revision?: number },
  'push'
>

export interface DeliveryRecord {
  readonly kind: 'delivery'
  /** The consumer. */
  readonly process: string
  readonly item: string
  /** As the message counts it, from 1. */
  readonly attempt: number
  /** When the consumer began to wait for this message, if it is known. */
  readonly askedMs?: number
  readonly deliveredMs: number
  /**
   * When the consumer stopped acting on the item: before it gave the item back, with the answer to
   * its acknowledgement, or when it was told of the loss. Absent: it died.
   */
  readonly endedMs?: number
  /** Absent: none was sent. */
  readonly acknowledged?: 'ok' | 'failed' | 'unknown'
}

export interface QueueHistory {
  readonly pushes: readonly PushRecord[]
  readonly deliveries: readonly DeliveryRecord[]
  /** Everything in the queue at the end, whether it waits, is delayed or claimed. */
  readonly remaining: readonly string[]
  readonly dead: readonly string[]
}

export type QueueViolation = Violation<
  | 'lostItem'
  | 'itemFromNowhere'
  | 'duplicateItem'
  | 'deliveredBeforePush'
  | 'deliveredAfterAcknowledgement'
  | 'thereAfterAcknowledgement'
  | 'doubleClaim'
  | 'attemptNotCounted'
  | 'wrongOrder',
  PushRecord | DeliveryRecord
>
