/**
 * How large the store may become (etcd §8.40; etcd: v3rpc/quota.go). Each member judges what it is
 * asked by its own size, and the one that finds it too large raises an alarm, by which then all refuse
 * what would make it larger, until somebody has made room and takes the alarm back.
 *
 * Outcomes that are remembered for retries (request-ids.ts) do not count: there are at most 64 MiB of
 * them, and nothing that somebody does to make room would make them fewer.
 */

import { etcdErrors } from '@holdfast/protocol'
import type { CoordinatorNode } from '../node/coordinator-node.js'
import type { Command } from '../state-machine/command.js'
import { bytesOf } from '../state-machine/growth.js'
import { EdgeError } from './edge-error.js'

/** To ask how large the store is costs as much as a small part of a write. */
const LOOK_EVERY_BYTES = 1024 * 1024

export interface QuotaOptions {
  /** Infinity for none. */
  readonly limitBytes: number
  readonly memberId: string
  readonly node: Pick<CoordinatorNode, 'state' | 'propose'>
  /** How long the alarm may take. */
  readonly timeoutMs: number
}

export class Quota {
  readonly limitBytes: number
  readonly #options: QuotaOptions
  #raising: Promise<unknown> | undefined
  /** At the last look, and what has been let in since. */
  #usedBytes = 0
  #admittedBytes = Infinity

  constructor(options: QuotaOptions) {
    this.limitBytes = options.limitBytes
    this.#options = options
  }

  /** @throws {EdgeError} `database space exceeded`, when the command would make the store too large */
  async admit(command: Command): Promise<void> {
    const bytes = bytesOf(command)
    if (bytes === 0 || this.#hasRoomFor(bytes)) return
    await this.#raise()
    throw new EdgeError(etcdErrors.noSpace)
  }

  /** What is free in the file is used again, so it is no matter whether the file gets smaller. */
  #hasRoomFor(bytes: number): boolean {
    if (this.limitBytes === Infinity) return true
    this.#admittedBytes += bytes
    if (this.#admittedBytes > LOOK_EVERY_BYTES || !this.#seemsToHaveRoom) {
      const { usedBytes, rememberedBytes } = this.#options.node.state
      this.#usedBytes = usedBytes - rememberedBytes
      this.#admittedBytes = bytes
    }
    return this.#seemsToHaveRoom
  }

  get #seemsToHaveRoom(): boolean {
    return this.#usedBytes + this.#admittedBytes < this.limitBytes
  }

  /** Once for all who find it too large at the same time. Without a leader it is for later ones. */
  async #raise(): Promise<void> {
    const { memberId, node, timeoutMs } = this.#options
    const alarm = { memberId, type: 'NOSPACE' } as const
    const isRaised = node.state
      .alarms()
      .some(({ memberId: by, type }) => by === memberId && type === alarm.type)
    if (isRaised) return
    this.#raising ??= node
      .propose({ type: 'alarm', action: 'raise', alarm }, { timeoutMs })
      .catch(() => undefined)
      .finally(() => (this.#raising = undefined))
    await this.#raising
  }
}
