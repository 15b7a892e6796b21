/** What can be seen of a simulated cluster, by whoever checks or counts. */

import type {
  AppliedBatch,
  CommittedProposal,
  LogWrite,
  Member,
  MemberTransport,
} from '@holdfast/coordinator/parts'
import type { MemberId, Message, Status } from '@holdfast/raft'
import type { MemberDisk, SimulatedStorage } from './simulated-storage.js'

/** A member, as it is seen. */
export interface ObservedMember {
  readonly id: MemberId
  readonly isRunning: boolean
  /** How often it was started. */
  readonly starts: number
  readonly disk: MemberDisk
  readonly storage: SimulatedStorage | undefined
  readonly member: Member<MemberTransport> | undefined
}

export interface Observer {
  /** The member was started, or started again. */
  onStart?(member: ObservedMember): void
  onCrash?(member: ObservedMember): void
  onStatus?(member: ObservedMember, status: Status): void
  /** Handed to its log; not durable yet. */
  onWrite?(member: ObservedMember, write: LogWrite): void
  onSend?(member: ObservedMember, message: Message): void
  /** Arrived and about to be stepped. */
  onReceive?(member: ObservedMember, message: Message): void
  /** A transaction of its state was committed; the code that began it goes on after this. */
  onStateCommit?(member: ObservedMember): void
  onApplied?(
    member: ObservedMember,
    committed: readonly CommittedProposal[],
    batch: AppliedBatch,
  ): void
  /** Another member's snapshot took the place of its state. */
  onRestored?(member: ObservedMember): void
  /** Once after each event. */
  afterEvent?(): void
}

/** All of them, one after the other. */
export function everyObserver(observers: readonly Observer[]): Required<Observer> {
  return {
    onStart: (member) => observers.forEach((one) => one.onStart?.(member)),
    onCrash: (member) => observers.forEach((one) => one.onCrash?.(member)),
    onStatus: (member, status) => observers.forEach((one) => one.onStatus?.(member, status)),
    onWrite: (member, write) => observers.forEach((one) => one.onWrite?.(member, write)),
    onSend: (member, message) => observers.forEach((one) => one.onSend?.(member, message)),
    onReceive: (member, message) => observers.forEach((one) => one.onReceive?.(member, message)),
    onStateCommit: (member) => observers.forEach((one) => one.onStateCommit?.(member)),
    onApplied: (member, committed, batch) =>
      observers.forEach((one) => one.onApplied?.(member, committed, batch)),
    onRestored: (member) => observers.forEach((one) => one.onRestored?.(member)),
    afterEvent: () => observers.forEach((one) => one.afterEvent?.()),
  }
}
