/**
 * Takes everything that one member wants done into one Ready. The order that makes it safe is
 * described in `ready.ts`; what belongs behind the disk was sorted out by `outbox.ts`.
 */

import type { Core } from './core.js'
import type { Entry } from './entry.js'
import type { Append, Ready, Status } from './ready.js'
import type { Roles } from './roles.js'

const NO_ENTRIES: readonly Entry[] = []

export class Output {
  readonly #core: Core
  readonly #roles: Roles

  constructor(core: Core, roles: Roles) {
    this.#core = core
    this.#roles = roles
  }

  get status(): Status {
    const { state, log } = this.#core
    const { role, term, leaderId } = state
    return { role, term, leaderId, commitIndex: log.commitIndex }
  }

  get isDue(): boolean {
    const { state, log, outbox } = this.#core
    return (
      !outbox.isEmpty ||
      state.hardStateChanged ||
      state.beliefChanged ||
      log.hasUnwritten ||
      log.membership.hasChanged ||
      log.hasCommittedToHandOut ||
      this.#roles.forwardedReads.hasOutput ||
      this.#roles.leadership?.hasOutput === true
    )
  }

  take(): Ready {
    const { state, log, outbox } = this.#core
    // First of all: these fill the outbox, and opening a round may answer its reads at once.
    this.#roles.leadership?.emit()
    this.#roles.forwardedReads.emit()
    const status = state.beliefChanged ? this.status : undefined
    state.markReported()
    return {
      status,
      membership: log.membership.takeChanged(),
      append: this.#takeAppend(),
      messages: outbox.messages.take(),
      committed: log.hasCommittedToHandOut ? log.handOutCommitted() : NO_ENTRIES,
      readStates: outbox.readStates.take(),
      droppedReads: outbox.droppedReads.take(),
      droppedProposals: outbox.droppedProposals.take(),
      snapshotsToSend: outbox.snapshotsToSend.take(),
    }
  }

  /** Messages alone also make a write, an empty one: they wait for those that are under way. */
  #takeAppend(): Append | undefined {
    const { state, log, outbox } = this.#core
    if (!state.hardStateChanged && !log.hasUnwritten && outbox.messagesWhenDurable.isEmpty) {
      return undefined
    }
    const hardState = state.takeHardState()
    return {
      hardState,
      snapshot: log.takeSnapshot(),
      entries: log.beginWrite(state.term, hardState !== undefined),
      messages: outbox.messagesWhenDurable.take(),
      term: state.term,
      index: log.lastIndex,
    }
  }
}
