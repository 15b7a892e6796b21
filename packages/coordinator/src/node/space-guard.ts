/**
 * What a member does when the disk of its data runs full (catalogue 36): in good time it refuses what
 * makes the store grow, as etcd does (§8.17: NOSPACE), so that there is room for what makes it smaller:
 * deletes, compactions, revoked leases, changes of the members. A reserve is held for that while
 * there is room, and let go when there is not, so that others who write to the disk cannot take it.
 *
 *   free < 64 MiB   refuses to grow, gives up its reserve, and a leader hands over, once
 *   free < 32 MiB   takes no entries from the leader any more either: as if they were lost on the way
 *   free ≥ 128 MiB  all is as before
 *
 * Each member judges by its own disk. What fails all the same is fatal, like any failed write.
 */

import type { MemberId, Raft } from '@holdfast/raft'
import type { Command } from '../state-machine/command.js'
import type { Operation } from '../state-machine/operation.js'
import type { Cancel, Clock } from '../time/clock.js'

const MIB = 1024 * 1024
const SHORT_BYTES = 64 * MIB
/** What may be on its way to this member, 16 MiB, once for the log and once for the state. */
const CRITICAL_BYTES = 32 * MIB
/** More than what the reserve gives, so that letting it go does not end the shortage. */
const ENOUGH_BYTES = 2 * SHORT_BYTES
const LOOK_MS = 250

/** The disk of the data directory; `storage/` implements it. */
export interface Space {
  /** Less what has yet to be copied into the databases. */
  freeBytes(): Promise<number>
  /** Takes some room, if it is not held already. */
  hold(): Promise<void>
  release(): void
}

export interface SpaceGuardParts {
  readonly space: Space
  readonly clock: Pick<Clock, 'every'>
  readonly raft: Pick<Raft, 'status' | 'transferLeadership'>
  readonly heirs: { next(): MemberId | undefined }
  /** It has become short of space, or is not any more. */
  readonly onChange: (isShort: boolean, freeBytes: number) => void
}

export class SpaceGuard {
  readonly #parts: SpaceGuardParts
  #freeBytes = Infinity
  #isShort = false
  #hasHandedOver = false
  #looking: Promise<void> | undefined
  #stop: Cancel = () => undefined

  constructor(parts: SpaceGuardParts) {
    this.#parts = parts
  }

  /** Whether the store must not grow. */
  get isShort(): boolean {
    return this.#isShort
  }

  /** Whether nothing may be written that can be had later. */
  get isCritical(): boolean {
    return this.#freeBytes < CRITICAL_BYTES
  }

  /** As last looked at; Infinity before. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  /** Resolves when it has looked for the first time. */
  async start(): Promise<void> {
    this.#stop = this.#parts.clock.every(LOOK_MS, () => void this.#look())
    await this.#look()
  }

  /** Resolves when it leaves the directory alone. */
  async close(): Promise<void> {
    this.#stop()
    await this.#looking
  }

  /** One look at a time. A disk that does not say how full it is, is judged by what it said before. */
  #look(): Promise<void> {
    this.#looking ??= this.#judge()
      .catch(() => undefined)
      .finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #judge(): Promise<void> {
    const { space, onChange } = this.#parts
    this.#freeBytes = await space.freeBytes()
    const wasShort = this.#isShort
    this.#isShort = this.#freeBytes < (wasShort ? ENOUGH_BYTES : SHORT_BYTES)
    if (this.#isShort !== wasShort) onChange(this.#isShort, this.#freeBytes)
    if (this.#isShort) {
      space.release()
      this.#freeBytes = await space.freeBytes()
      this.#handOver()
    } else {
      this.#hasHandedOver = false
      if (this.#freeBytes >= ENOUGH_BYTES) await space.hold()
    }
  }

  /** Once in a shortage: if all are short, the leadership must not go round for ever. */
  #handOver(): void {
    const { raft, heirs } = this.#parts
    if (this.#hasHandedOver || raft.status.role !== 'leader') return
    const to = heirs.next()
    if (to !== undefined) this.#hasHandedOver = raft.transferLeadership(to) === 'started'
  }
}

/** Whether a command makes the store larger. */
export function grows(command: Command): boolean {
  switch (command.type) {
    case 'kv':
      return puts(command.operation)
    case 'leaseGrant':
      return true
    case 'compact':
    case 'leaseRevoke':
    case 'leaseExpire':
    case 'publishMember':
      return false
  }
}

function puts(operation: Operation): boolean {
  if (operation.type === 'put') return true
  if (operation.type !== 'txn') return false
  return [...operation.success, ...operation.failure].some(puts)
}
