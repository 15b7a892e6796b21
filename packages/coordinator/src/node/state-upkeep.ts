/**
 * What is done to the files of the state beside the work of the cluster, by each member for itself: no
 * reader sees any of it.
 */

import type { StateMachine } from '../state-machine/state-machine.js'
import { SlicedWork, type SlicedWorkOptions } from './sliced-work.js'

/** Rows removed in one go, and pages moved: a few milliseconds of work. */
const ROWS_PER_SLICE = 1_000
const PAGES_PER_SLICE = 64

export class StateUpkeep {
  /** Readers see a compaction at once, whatever is still on disk. */
  readonly #removing: SlicedWork
  readonly #shrinking: SlicedWork

  constructor(
    state: Pick<StateMachine, 'removeCompacted' | 'returnFreePages'>,
    work: Omit<SlicedWorkOptions, 'slice'>,
  ) {
    const removeSome = (): boolean => state.removeCompacted(ROWS_PER_SLICE)
    const shrink = (): boolean => state.returnFreePages(PAGES_PER_SLICE)
    this.#removing = new SlicedWork({ ...work, slice: removeSome })
    this.#shrinking = new SlicedWork({ ...work, slice: shrink })
  }

  /** A compaction was applied, perhaps in an earlier run of this member. */
  startRemoving(): void {
    this.#removing.start()
  }

  /** Resolves when nothing is left that a compaction made obsolete. */
  removed(): Promise<void> {
    return this.#removing.finished()
  }

  /** Resolves when the state is no larger than what it holds; its file follows at a checkpoint. */
  async defragment(): Promise<void> {
    await this.removed()
    this.#shrinking.start()
    await this.#shrinking.finished()
  }

  close(): void {
    this.#removing.close()
    this.#shrinking.close()
  }
}
