/**
 * The state machine over a store: applies batches and answers reads of what is applied.
 *
 * The position in memory is the one that the store's last transaction saved, never ahead of it.
 */

import type { Alarm } from './command.js'
import { BatchRun } from './apply.js'
import { checkOperation } from './check-operation.js'
import { chooseTxn, flatten } from './chosen-branch.js'
import type { PublishedMember } from './command.js'
import { executeTxn } from './execute.js'
import { invariant } from './invariant.js'
import type { KeyValue, LeaseId, RangeOperation, TxnOperation } from './operation.js'
import type {
  RangeResult,
  RevisionEvents,
  StoredVersion,
  StoreEvent,
  TxnResult,
  VersionPointer,
} from './outcome.js'
import { checkRangeRevision, range } from './range.js'
import { MAX_READ_BYTES, ReadBudget } from './read-budget.js'
import { DEFAULT_REQUEST_LIMITS, type RequestLimits } from './request-ids.js'
import { RevisionWriter } from './revision-writer.js'
import type {
  AppliedBatch,
  CommittedProposal,
  Lease,
  StateMachine,
  VersionSlice,
} from './state-machine.js'
import type { Position, StateStore } from './state-store.js'

export interface ReplaceableStateMachine extends StateMachine {
  /** A snapshot took the place of the state: from now on it is what this store holds. */
  replaceStore(store: StateStore): void
}

export function createStateMachine(
  store: StateStore,
  limits: RequestLimits = DEFAULT_REQUEST_LIMITS,
): ReplaceableStateMachine {
  return new StoreStateMachine(store, limits)
}

class StoreStateMachine implements ReplaceableStateMachine {
  #store: StateStore
  readonly #limits: RequestLimits
  #position: Position
  #isBroken = false

  constructor(store: StateStore, limits: RequestLimits) {
    this.#store = store
    this.#limits = limits
    this.#position = store.loadPosition()
  }

  replaceStore(store: StateStore): void {
    const position = store.loadPosition()
    invariant(position.appliedIndex >= this.appliedIndex, 'a snapshot never takes the state back')
    this.#store = store
    this.#position = position
  }

  apply(batch: readonly CommittedProposal[]): AppliedBatch {
    invariant(!this.#isBroken, 'a batch failed to apply earlier, so nothing can be applied')
    this.#isBroken = true
    const run = new BatchRun(this.#store, this.#position, this.#limits)
    const applied = this.#store.transaction(() => run.run(batch))
    this.#position = applied.position
    this.#isBroken = false
    return applied.batch
  }

  get appliedIndex(): number {
    return this.#position.appliedIndex
  }

  get revision(): number {
    return this.#position.revision
  }

  get compactRevision(): number {
    return this.#position.compactRevision
  }

  range(operation: RangeOperation): RangeResult {
    const { revision, compactRevision } = this.#position
    checkRangeRevision(operation, revision, compactRevision)
    const budget = new ReadBudget(MAX_READ_BYTES)
    return range({ store: this.#store, revision, budget }, operation)
  }

  readTxn(operation: TxnOperation): TxnResult {
    const chosen = chooseTxn(this.#store, operation)
    const onlyReads = flatten(chosen).every((inner) => inner.type === 'range')
    invariant(onlyReads, 'a transaction that writes was to be run without the log')
    checkOperation(this.#store, chosen, this.#position)
    const budget = new ReadBudget(MAX_READ_BYTES)
    return executeTxn(new RevisionWriter(this.#store, this.revision, budget), chosen)
  }

  history(fromRevision: number, maxRevisions: number): readonly RevisionEvents[] {
    invariant(
      fromRevision >= this.#position.compactRevision,
      'history was asked for below the compacted revision',
    )
    return this.#store.history.since(fromRevision, maxRevisions)
  }

  previous(event: StoreEvent): KeyValue | undefined {
    // Decided by the compacted revision, not by which rows are still there: those differ by member.
    const isCompacted = event.kv.modRevision - 1 < this.#position.compactRevision
    if (event.previous === undefined || isCompacted) return undefined
    return this.#store.history.version(event.previous)
  }

  versionsUpTo(revision: number, after: VersionPointer, maxRows: number): VersionSlice {
    const { history } = this.#store
    const rows = history.rows(after, revision, maxRows)
    const isReadable = ({ kv, isTombstone, ...at }: StoredVersion): boolean => {
      if (at.revision > this.compactRevision) return true
      // Older ones stay only as what the compacted revision shows of their keys.
      const newest = isTombstone ? undefined : history.newestAt(kv.key, revision)
      return newest?.revision === at.revision && newest.sub === at.sub
    }
    return { versions: rows.filter(isReadable), last: rows.at(-1) }
  }

  lease(id: LeaseId): Lease | undefined {
    return this.#store.leases.find(id)
  }

  leases(): readonly Lease[] {
    return this.#store.leases.all()
  }

  leaseKeys(id: LeaseId): readonly Uint8Array[] {
    return this.#store.leases.keysOf(id).map((live) => live.key)
  }

  members(): readonly PublishedMember[] {
    return this.#store.members.all()
  }

  alarms(): readonly Alarm[] {
    return this.#store.alarms.all()
  }

  removeCompacted(maxRows: number): boolean {
    const { compactRevision } = this.#position
    return this.#store.transaction(() =>
      this.#store.history.removeCompacted(compactRevision, maxRows),
    )
  }

  returnFreePages(maxPages: number): boolean {
    return this.#store.returnFreePages(maxPages)
  }

  hash(): { readonly revision: number; readonly hash: string } {
    return { revision: this.revision, hash: this.#store.hash(this.#position) }
  }

  get sizeBytes(): number {
    return this.#store.sizeBytes
  }

  get usedBytes(): number {
    return this.#store.usedBytes
  }

  get rememberedBytes(): number {
    return this.#store.requests.bytes
  }
}
