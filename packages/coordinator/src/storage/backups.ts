/**
 * Copies of the state for who keeps them. Each is made after it was asked for, so that it holds what
 * was acknowledged by this member before, and its file has no name any more: it goes with whoever
 * reads it, however that ends.
 */

import { readdirSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { DirectoryPaths } from './directory-paths.js'
import type { StateCopy } from './copy-state.js'

/** Each takes as much room as the state. */
const MAX_BACKUPS = 4
const NAME = /^backup-\d+\.db$/

export interface Backup {
  readonly bytes: number
  readonly file: Pick<FileHandle, 'read'>
  /** Whoever asked for it is done with it. */
  release(): Promise<void>
}

export class Backups {
  readonly #paths: DirectoryPaths
  readonly #copyState: (to: string) => Promise<StateCopy>
  #count = 0
  #open = 0

  constructor(paths: DirectoryPaths, copyState: (to: string) => Promise<StateCopy>) {
    this.#paths = paths
    this.#copyState = copyState
  }

  /** Undefined when there are too many already. */
  async take(): Promise<Backup | undefined> {
    if (this.#open >= MAX_BACKUPS) return undefined
    this.#open += 1
    this.#count += 1
    const path = join(this.#paths.directory, `backup-${this.#count}.db`)
    try {
      const { bytes } = await this.#copyState(path)
      const file = await open(path)
      return { file, bytes, release: () => this.#release(file) }
    } catch (error) {
      this.#open -= 1
      throw error
    } finally {
      rmSync(path, { force: true })
    }
  }

  async #release(file: FileHandle): Promise<void> {
    this.#open -= 1
    await file.close()
  }
}

/** At a start: of a process that was killed while it made one. */
export function removeUnfinishedBackups(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (NAME.test(name)) rmSync(join(directory, name), { force: true })
  }
}
