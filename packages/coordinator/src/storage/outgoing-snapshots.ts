/**
 * Copies of the state for followers that lack what is cut from the log. One copy serves all who need
 * one at the same time, and its file goes when the last of them is done with it.
 */

import { rmSync } from 'node:fs'
import type { StateCopy } from './copy-state.js'

export interface OutgoingSnapshot extends StateCopy {
  readonly path: string
  /** The caller is done with the file. */
  readonly release: () => void
}

export interface OutgoingSnapshotsOptions {
  readonly path: string
  readonly copyState: (to: string) => Promise<StateCopy>
}

export class OutgoingSnapshots {
  readonly #options: OutgoingSnapshotsOptions
  #current: Promise<StateCopy> | undefined
  #users = 0
  #index: number | undefined

  constructor(options: OutgoingSnapshotsOptions) {
    this.#options = options
  }

  /** The log must be kept from behind this index on, because a copy of the state at it is in use. */
  get oldestIndex(): number {
    return this.#index ?? Infinity
  }

  async take(): Promise<OutgoingSnapshot> {
    const { path, copyState } = this.#options
    this.#users += 1
    try {
      const copy = await (this.#current ??= copyState(path))
      this.#index = copy.index
      let isReleased = false
      const release = (): void => {
        if (isReleased) return
        isReleased = true
        this.#release()
      }
      return { ...copy, path, release }
    } catch (error) {
      this.#release()
      throw error
    }
  }

  #release(): void {
    this.#users -= 1
    if (this.#users > 0) return
    this.#current = undefined
    this.#index = undefined
    rmSync(this.#options.path, { force: true })
  }
}
