/**
 * Applies committed entries, in order and each once. A batch is one transaction of the store, which
 * holds its changes, the request ids and the applied index (catalogue 26), so a restart continues
 * exactly behind the last batch that was complete.
 *
 * If applying throws anything but a Refusal, memory and store may disagree: the machine refuses all
 * further work and its member must stop.
 */

import { changeAlarm, checkAlarms } from './alarm.js'
import { compactionEffect } from './compaction.js'
import { checkOperation } from './check-operation.js'
import { choose } from './chosen-branch.js'
import type { Command, Proposal, PublishedMember } from './command.js'
import { newerStamp } from './directory-stamp.js'
import { execute } from './execute.js'
import { invariant } from './invariant.js'
import { checkpointLeases, expireLease, grantLease, revokeLease } from './lease.js'
import { Refusal, type CommandResult, type Outcome, type RevisionEvents } from './outcome.js'
import { recall, remember, type RequestLimits } from './request-ids.js'
import { RevisionWriter } from './revision-writer.js'
import type {
  AppliedBatch,
  AppliedProposal,
  CommittedProposal,
  LeaseChange,
} from './state-machine.js'
import type { Position, StateStore } from './state-store.js'

/** What a command does besides its rows. */
interface Effect {
  readonly result: CommandResult
  readonly leaseChanges?: readonly LeaseChange[]
  readonly compactRevision?: number
}

/** Of the entry that holds the command. */
type EntryId = Pick<CommittedProposal, 'index' | 'term'>

/** A copy of the position that the batch moves on, entry by entry. */
type Draft = { -readonly [Field in keyof Position]: Position[Field] }

export interface AppliedRun {
  readonly position: Position
  readonly batch: AppliedBatch
}

export class BatchRun {
  readonly #store: StateStore
  readonly #limits: RequestLimits
  readonly #proposals: AppliedProposal[] = []
  readonly #revisions: RevisionEvents[] = []
  readonly #leaseChanges: LeaseChange[] = []
  readonly #position: Draft

  constructor(store: StateStore, position: Position, limits: RequestLimits) {
    this.#store = store
    this.#position = { ...position }
    this.#limits = limits
  }

  /** To be called inside the store's transaction. */
  run(entries: readonly CommittedProposal[]): AppliedRun {
    for (const entry of entries) this.#applyEntry(entry)
    this.#store.savePosition(this.#position)
    return {
      position: this.#position,
      batch: {
        appliedIndex: this.#position.appliedIndex,
        proposals: this.#proposals,
        revisions: this.#revisions,
        leaseChanges: this.#leaseChanges,
      },
    }
  }

  #applyEntry(entry: CommittedProposal): void {
    const { index, term, proposal } = entry
    const { appliedIndex, appliedTerm } = this.#position
    invariant(index === appliedIndex + 1, `entry ${index} was to be applied after ${appliedIndex}`)
    invariant(term >= appliedTerm, `entry ${index} is of term ${term}, after term ${appliedTerm}`)
    if (proposal !== undefined) {
      this.#proposals.push({ proposal, outcome: this.#answer(proposal, entry) })
    }
    this.#position.appliedIndex = index
    this.#position.appliedTerm = term
  }

  #answer(proposal: Proposal, at: EntryId): Outcome {
    const { requestId, command } = proposal
    if (requestId === undefined) return this.#applyCommand(command, at)
    const { requests } = this.#store
    const known = recall(requests, requestId, this.#position)
    if (known !== undefined) return known
    const leaseChangeCount = this.#leaseChanges.length
    const { revision, compactRevision } = this.#position
    const outcome = this.#applyCommand(command, at)
    const hadEffect =
      this.#position.revision !== revision ||
      this.#position.compactRevision !== compactRevision ||
      this.#leaseChanges.length !== leaseChangeCount
    if (!hadEffect && requestId.isRepetition !== true) return outcome
    const request = { id: requestId.id, outcome, hadEffect }
    const evictedRevision = remember(requests, request, this.#position, this.#limits)
    this.#position.evictedRevision = evictedRevision
    return outcome
  }

  #applyCommand(command: Command, at: EntryId): Outcome {
    const writer = new RevisionWriter(this.#store, this.#position.revision)
    try {
      const effect = this.#runCommand(writer, command, at)
      this.#record(writer, effect)
      return { ok: true, result: effect.result }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      invariant(writer.events.length === 0, 'a command was refused after it had changed something')
      return { ok: false, reason: error.reason, revision: this.#position.revision }
    }
  }

  #runCommand(writer: RevisionWriter, command: Command, at: EntryId): Effect {
    checkAlarms(this.#store.alarms.all(), command)
    switch (command.type) {
      case 'kv': {
        const operation = choose(this.#store, command.operation)
        checkOperation(this.#store, operation, this.#position)
        return { result: execute(writer, operation) }
      }
      case 'compact':
        return compactionEffect(command.revision, this.#position)
      case 'leaseGrant':
        return grantLease(writer, command, at.index)
      case 'leaseRevoke':
        return revokeLease(writer, command)
      case 'leaseExpire':
        return expireLease(writer, command, at.term)
      case 'leaseCheckpoint':
        return checkpointLeases(writer, command, at.term)
      case 'publishMember':
        this.#publish(command.member)
        return { result: { type: command.type, revision: writer.revision } }
      case 'alarm':
        return { result: changeAlarm(writer, command) }
    }
  }

  #publish(told: PublishedMember): void {
    const { members } = this.#store
    const known = members.all().find(({ id }) => id === told.id)
    members.save({ ...told, directory: newerStamp(known?.directory, told.directory) })
  }

  #record(writer: RevisionWriter, effect: Effect): void {
    const { revision, events } = writer
    if (events.length > 0) this.#revisions.push({ revision, events })
    if (effect.leaseChanges !== undefined) this.#leaseChanges.push(...effect.leaseChanges)
    this.#position.revision = revision
    this.#position.compactRevision = effect.compactRevision ?? this.#position.compactRevision
  }
}
