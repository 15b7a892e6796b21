/**
 * What this member must not have forgotten, kept outside of SQLite: term and vote, and an entry that
 * its log holds. SQLite takes a damaged frame for the end of the WAL, so a log that lost its newest
 * part looks whole; beside the superblock it does not (catalogue 34; thesis §3.8).
 *
 *   claimed entry ≤ log, term and vote ≤ hard state, at every moment
 *
 * So it is written after what it claims is durable, and before entries are taken away the claim is
 * lowered, durably. It may lag: it is synced with every term and vote, and with every 1,024 entries;
 * in between it is only written, which costs no fsync and is lost by a power loss alone.
 *
 * Two slots of one sector each: that which was synced last is never written over.
 *
 *   offset 0, 4096   text: a first line that names the format, a line of JSON; zeros
 *                    the last 4 of 512 bytes: CRC-32 of those before, little-endian
 */

import { closeSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { DirectoryIdentity } from './directory-identity.js'
import { writeFully } from './write-fully.js'

export interface Claim extends DirectoryIdentity {
  readonly term: number
  readonly votedFor: string | null
  /** An entry of the log, 0 if none is claimed, and its checksum, which covers all before. */
  readonly lastIndex: number
  readonly lastChecksum: number
}

interface Slot {
  /** The newest valid slot holds. */
  readonly generation: number
  readonly claim: Claim
}

const FORMAT = 'holdfast superblock 1'
const SLOT_OFFSETS = [0, 4096] as const
const SLOT_BYTES = 512
const CRC_AT = SLOT_BYTES - 4
/** How many entries at most a power loss and a damaged WAL together can hide. */
const SYNC_EVERY_ENTRIES = 1_024

/** Undefined if nothing was ever claimed. */
export function readClaim(path: string): Claim | undefined {
  return newest(readSlots(path))?.claim
}

export class Superblock {
  readonly #descriptor: number
  readonly #identity: DirectoryIdentity
  #generation: number
  /** The slot that was not synced last. */
  #next: 0 | 1
  #claim: Claim
  #syncedIndex: number

  /** Claims nothing before the first `claim`; what was claimed before holds until then. */
  constructor(path: string, identity: DirectoryIdentity) {
    const slots = readSlots(path)
    const last = newest(slots)
    this.#identity = identity
    this.#generation = last?.generation ?? 0
    this.#next = last !== undefined && slots[0] === last ? 1 : 0
    this.#claim = last?.claim ?? { ...identity, ...NOTHING }
    this.#syncedIndex = this.#claim.lastIndex
    this.#descriptor = openSync(path, 'r+')
    // What was read may be in the page cache only, if a kill came before it was synced.
    fsyncSync(this.#descriptor)
  }

  get lastIndex(): number {
    return this.#claim.lastIndex
  }

  /** What is durable in the log now. Synced when it says something of a vote, or much that is new. */
  claim(claimed: Omit<Claim, keyof DirectoryIdentity>): void {
    const { term, votedFor } = this.#claim
    const isVote = claimed.term !== term || claimed.votedFor !== votedFor
    const isMuch = claimed.lastIndex - this.#syncedIndex >= SYNC_EVERY_ENTRIES
    this.#write(claimed, isVote || isMuch)
  }

  /** Entries behind `lastIndex` will be taken away: returns when they are claimed no more. */
  lower(lastIndex: number, lastChecksum: number): void {
    this.#write({ ...this.#claim, lastIndex, lastChecksum }, true)
  }

  /** Makes durable what was claimed. */
  sync(): void {
    this.#write(this.#claim, true)
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #write(claimed: Omit<Claim, keyof DirectoryIdentity>, isSynced: boolean): void {
    this.#claim = { ...claimed, ...this.#identity }
    this.#generation += 1
    const bytes = encodeSlot({ generation: this.#generation, claim: this.#claim })
    writeFully(this.#descriptor, bytes, SLOT_OFFSETS[this.#next])
    if (!isSynced) return
    fsyncSync(this.#descriptor)
    this.#next = this.#next === 0 ? 1 : 0
    this.#syncedIndex = this.#claim.lastIndex
  }
}

const NOTHING = { term: 0, votedFor: null, lastIndex: 0, lastChecksum: 0 }

function readSlots(path: string): readonly (Slot | undefined)[] {
  const bytes = readFileSync(path)
  return SLOT_OFFSETS.map((at) => decodeSlot(bytes.subarray(at, at + SLOT_BYTES)))
}

function newest(slots: readonly (Slot | undefined)[]): Slot | undefined {
  const [first, second] = slots
  if (first === undefined || second === undefined) return first ?? second
  return first.generation > second.generation ? first : second
}

function encodeSlot(slot: Slot): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES)
  const length = bytes.write(`${FORMAT}\n${JSON.stringify(slot)}\n`)
  if (length > CRC_AT) throw new RangeError('a superblock does not fit into its slot')
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT)
  return bytes
}

/** Undefined if it was never written, or not wholly. */
function decodeSlot(bytes: Buffer): Slot | undefined {
  if (bytes.length < SLOT_BYTES) return undefined
  if (bytes.readUInt32LE(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT))) return undefined
  const [format, slot] = bytes.toString().split('\n', 2)
  return format === FORMAT && slot !== undefined ? (JSON.parse(slot) as Slot) : undefined
}
