/**
 * A snapshot on its way in: written to a file of its own, continued where it broke off if the same
 * one is offered again, verified as a whole, and only then given the name under which it may be
 * installed (Raft §7; catalogue 28, 40). A crash at any point leaves either nothing of it or all.
 */

import { createHash, type Hash } from 'node:crypto'
import { closeSync, existsSync, fsync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { readPosition, type StateCopy } from './copy-state.js'
import { syncDirectoryAside } from './data-directory.js'
import { sumsPathOf } from './page-sums.js'
import { PageSumming } from './page-summing.js'
import { writeFully } from './write-fully.js'

const syncFile = promisify(fsync)

/** The bytes are not those of the snapshot that was offered. */
export class SnapshotDamagedError extends Error {
  override readonly name = 'SnapshotDamagedError'
}

export class IncomingSnapshot {
  readonly copy: StateCopy
  readonly #partPath: string
  readonly #wholePath: string
  readonly #hash: Hash = createHash('sha256')
  readonly #summing = new PageSumming()
  #descriptor: number | undefined
  #bytes = 0

  /** `partPath` while it is being received, `wholePath` when it is whole and durable. */
  constructor(copy: StateCopy, partPath: string, wholePath: string) {
    this.copy = copy
    this.#partPath = partPath
    this.#wholePath = wholePath
    this.#descriptor = openSync(partPath, 'w', 0o600)
  }

  /** How much has been received: the sender goes on from there. */
  get bytes(): number {
    return this.#bytes
  }

  get isComplete(): boolean {
    return this.#bytes === this.copy.bytes
  }

  /** @throws SnapshotDamagedError when it is longer than it was said to be */
  write(chunk: Uint8Array): void {
    if (this.#descriptor === undefined) throw new SnapshotDamagedError('it was given up')
    if (this.#bytes + chunk.byteLength > this.copy.bytes) {
      throw new SnapshotDamagedError(`more than its ${this.copy.bytes} bytes`)
    }
    writeFully(this.#descriptor, chunk)
    this.#hash.update(chunk)
    this.#summing.add(chunk)
    this.#bytes += chunk.byteLength
  }

  /**
   * Makes it durable under its final name, with the checksums of its pages. No fsync is waited for on
   * this thread. Until this settles, it must be left alone.
   * @throws SnapshotDamagedError when it is not what was offered; nothing of it is left then
   */
  async finish(): Promise<void> {
    try {
      this.#verify()
      if (this.#descriptor !== undefined) await syncFile(this.#descriptor)
      await writeDurably(sumsPathOf(this.#partPath), this.#summing.sums.encode())
    } catch (error) {
      this.discard()
      throw error
    }
    this.#close()
    renameSync(sumsPathOf(this.#partPath), sumsPathOf(this.#wholePath))
    renameSync(this.#partPath, this.#wholePath)
    await syncDirectoryAside(dirname(this.#wholePath))
  }

  /** Gives it up, with what was received of it. */
  discard(): void {
    this.#close()
    removeSnapshot(this.#partPath)
  }

  #verify(): void {
    const digest = this.#hash.digest('hex')
    if (!this.isComplete || digest !== this.copy.sha256) {
      throw new SnapshotDamagedError('its checksum is another one')
    }
    const { index, term } = readPosition(this.#partPath)
    if (index !== this.copy.index || term !== this.copy.term) {
      throw new SnapshotDamagedError(`it holds entry ${index}, not ${this.copy.index}`)
    }
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}

/** A snapshot was received whole and waits to be installed. */
export function isWaiting(wholePath: string): boolean {
  return existsSync(wholePath) && statSync(wholePath).size > 0
}

/** Whether it is whole or not. */
export function removeSnapshot(path: string): void {
  for (const one of [path, sumsPathOf(path)]) rmSync(one, { force: true })
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}
