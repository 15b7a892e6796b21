/** What a session knows of something that is held by it: the key that stands for it. */

import type { LossReason } from '../errors.js'

export interface HeldKey {
  readonly key: string
  /** The revision that created the key. */
  readonly createRevision: number
  /** It is gone: tells the one who relies on it. */
  lose(reason: LossReason, cause?: unknown): void
}
