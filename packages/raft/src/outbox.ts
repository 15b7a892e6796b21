/**
 * What one member wants done, collected between two Readys.
 *
 * `send` is for what may leave at once; `sendWhenDurable` for what speaks of term, vote or entries
 * that this member has not necessarily written yet (Raft §5.1, "respond after persisting").
 */

import type { MemberId, Message } from './message.js'
import type { ReadState } from './ready.js'

/** Items collected until the next `take`. Taking nothing allocates nothing. */
export class Batch<T> {
  #items: T[] = []

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  add(item: T): void {
    this.#items.push(item)
  }

  take(): readonly T[] {
    if (this.#items.length === 0) return []
    const items = this.#items
    this.#items = []
    return items
  }
}

export class Outbox {
  readonly messages = new Batch<Message>()
  readonly messagesWhenDurable = new Batch<Message>()
  readonly readStates = new Batch<ReadState>()
  readonly droppedReads = new Batch<number>()
  readonly droppedProposals = new Batch<number>()
  readonly snapshotsToSend = new Batch<MemberId>()

  get isEmpty(): boolean {
    return (
      this.messages.isEmpty &&
      this.messagesWhenDurable.isEmpty &&
      this.readStates.isEmpty &&
      this.droppedReads.isEmpty &&
      this.droppedProposals.isEmpty &&
      this.snapshotsToSend.isEmpty
    )
  }

  send(message: Message): void {
    this.messages.add(message)
  }

  sendWhenDurable(message: Message): void {
    this.messagesWhenDurable.add(message)
  }

  /**
   * The term changed, so what waited to speak of the old one is void: the entries it acknowledges
   * may be replaced before they were ever written, and its votes are of no use to anybody.
   */
  forgetUnwritten(): void {
    this.messagesWhenDurable.take()
  }
}
