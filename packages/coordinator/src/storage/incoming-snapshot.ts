/**
 * A snapshot on its way in: written to a file of its own, continued where it broke off if the same
 * one is offered again, verified as a whole, and only then given the name under which it may be
 * installed (Raft §7; catalogue 28, 40). A crash at any point leaves either nothing of it or all.
 */

import { createHash, type Hash } from 'node:crypto'
import { closeSync, existsSync, fsync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { readPosition, type StateCopy } from './copy-state.js'
import { syncDirectory } from './data-directory.js'
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
    this.#bytes += chunk.byteLength
  }

  /**
   * Makes it durable under its final name. The fsync of a file that may be large is not waited for
   * on this thread. Until this settles, it must be left alone.
   * @throws SnapshotDamagedError when it is not what was offered; nothing of it is left then
   */
  async finish(): Promise<void> {
    try {
      this.#verify()
      if (this.#descriptor !== undefined) await syncFile(this.#descriptor)
    } catch (error) {
      this.discard()
      throw error
    }
    this.#close()
    renameSync(this.#partPath, this.#wholePath)
    syncDirectory(dirname(this.#wholePath))
  }

  /** Gives it up, with what was received of it. */
  discard(): void {
    this.#close()
    rmSync(this.#partPath, { force: true })
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

/** The snapshot that was received whole and waits to be installed, if there is one. */
export function waitingSnapshot(wholePath: string): { readonly index: number } | undefined {
  return existsSync(wholePath) && statSync(wholePath).size > 0 ? readPosition(wholePath) : undefined
}
