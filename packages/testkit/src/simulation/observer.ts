/** What can be seen of the members of a cluster, by whoever checks or counts. */

import type { AppliedBatch, CommittedProposal, LogWrite } from '@holdfast/coordinator/parts'
import type { Message, Status } from '@holdfast/raft'

/** `M` is a member. */
export interface MemberObserver<M> {
  /** The member was started, or started again. */
  onStart?(member: M): void
  onCrash?(member: M): void
  onStatus?(member: M, status: Status): void
  /** Handed to its log; not durable yet. */
  onWrite?(member: M, write: LogWrite): void
  onSend?(member: M, message: Message): void
  /** Arrived and about to be stepped. */
  onReceive?(member: M, message: Message): void
  /** A transaction of its state was committed; the code that began it goes on after this. */
  onStateCommit?(member: M): void
  onApplied?(member: M, committed: readonly CommittedProposal[], batch: AppliedBatch): void
  /** Another member's snapshot took the place of its state. */
  onRestored?(member: M): void
  /** Once after each event. */
  afterEvent?(): void
}

/** All of them, one after the other. */
export function everyObserver<M>(
  observers: readonly MemberObserver<M>[],
): Required<MemberObserver<M>> {
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
