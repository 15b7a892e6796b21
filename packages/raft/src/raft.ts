/** The core of one member: input by its methods, output by `ready()`. Dispatch only. */

import { resolveConfig, type RaftConfig, type RaftOptions } from './config.js'
import type { LogStorage } from './log-storage.js'
import type { Message } from './message.js'
import type { Ready, Status } from './ready.js'

/**
 * - `appended`: in the local log of a leader.
 * - `forwarded`: on its way to the leader; `Ready.droppedProposals` names it if it was refused.
 * - `noLeader`, `tooManyUncommitted`: certainly not appended.
 */
export type ProposeResult = 'appended' | 'forwarded' | 'noLeader' | 'tooManyUncommitted'

export class Raft {
  readonly #config: RaftConfig

  constructor(options: RaftOptions, _storage: LogStorage) {
    this.#config = resolveConfig(options)
  }

  tick(): void {
    void this.#config
  }

  step(_message: Message): void {
    throw new Error('not built yet')
  }

  propose(_commands: readonly Uint8Array[], _ref: number): ProposeResult {
    return 'noLeader'
  }

  readIndex(_ref: number): void {
    throw new Error('not built yet')
  }

  onAppended(_term: number, _index: number): void {
    throw new Error('not built yet')
  }

  onApplied(_index: number): void {
    throw new Error('not built yet')
  }

  campaign(): void {
    throw new Error('not built yet')
  }

  get status(): Status {
    throw new Error('not built yet')
  }

  hasReady(): boolean {
    return false
  }

  ready(): Ready {
    throw new Error('not built yet')
  }
}
