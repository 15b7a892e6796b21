/**
 * Copies of the state for who keeps them. Each is made after it was asked for, so that it holds what
 * was acknowledged by this member before, and its file has no name any more: it goes with whoever
 * reads it, however that ends.
 */

import { readdirSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { CopyRefusal, type CopyRefusalReason } from './copy-refusal.js'
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

/** `tooMany`: there are as many as there may be. */
export type BackupRefusal = 'tooMany' | CopyRefusalReason

export class Backups {
  readonly #paths: DirectoryPaths
  readonly #copyState: (to: string) => Promise<StateCopy>
  #count = 0
  #open = 0
  #lastTurn: Promise<unknown> = Promise.resolve()

  constructor(paths: DirectoryPaths, copyState: (to: string) => Promise<StateCopy>) {
    this.#paths = paths
    this.#copyState = copyState
  }

  /** @param hasRoom is asked when those that were asked for before have taken theirs. */
  async take(hasRoom: () => Promise<boolean>): Promise<Backup | BackupRefusal> {
    if (this.#open >= MAX_BACKUPS) return 'tooMany'
    this.#open += 1
    const turn = this.#lastTurn.then(async () => ((await hasRoom()) ? this.#make() : 'noRoom'))
    this.#lastTurn = turn.catch(() => undefined)
    try {
      const made = await turn
      if (made === 'noRoom') this.#open -= 1
      return made
    } catch (error) {
      this.#open -= 1
      if (error instanceof CopyRefusal) return error.reason
      throw error
    }
  }

  async #make(): Promise<Backup> {
    this.#count += 1
    const path = join(this.#paths.directory, `backup-${this.#count}.db`)
    try {
      const { bytes } = await this.#copyState(path)
      const file = await open(path)
      return { file, bytes, release: () => this.#release(file) }
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
