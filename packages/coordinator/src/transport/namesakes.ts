/**
 * Two processes that both take themselves for one member, as when its data directory was copied or
 * mounted twice: each has its own memory of votes that must be one (catalogue 50). The lock on the
 * directory keeps out only who uses the same one.
 *
 * A member listens where the cluster says that it is to be found. So a process that opens a stream as
 * this member, while another one answers there, is a namesake, and is told so. Where nobody answers
 * nothing is concluded, and the question is asked again with the next stream.
 */

import type { MemberId } from '@holdfast/raft'
import { askPeer } from './ask-peer.js'
import { RUN_PATH } from './peer-protocol.js'

/** Runs that are remembered as refused. One that is forgotten is found again. */
const MAX_REFUSED = 1_000
/** Longer than any run's name. */
const LIMITS = { timeoutMs: 1_000, maxLength: 200 }

export interface NamesakesOptions {
  /** Where the cluster says that a member is to be found. */
  readonly urlOf: (id: MemberId) => string | undefined
  /** This run opened a stream, and another one answers in its place. */
  readonly onFound: (id: MemberId, refusal: string) => void
}

export class Namesakes {
  readonly #options: NamesakesOptions
  /** The run that answers where its member is to be found. */
  readonly #owners = new Map<MemberId, string>()
  /** Runs that are no members, and why. */
  readonly #refused = new Map<string, string>()
  readonly #asking = new Set<string>()

  constructor(options: NamesakesOptions) {
    this.#options = options
  }

  /** Why this run is not the member that it says it is, if that is known. */
  refusal(run: string): string | undefined {
    return this.#refused.get(run)
  }

  /** A stream was opened. Never rejects. */
  async check(id: MemberId, run: string): Promise<void> {
    const url = this.#options.urlOf(id)
    if (url === undefined || this.#owners.get(id) === run || this.#asking.has(run)) return
    this.#asking.add(run)
    const owner = await askPeer(RUN_PATH, url, LIMITS).catch(() => undefined)
    this.#asking.delete(run)
    if (owner === undefined || this.#options.urlOf(id) !== url) return
    this.#owners.set(id, owner)
    if (owner === run) return
    const refusal = `another process is member ${id}, at ${url}`
    if (this.#refused.size >= MAX_REFUSED) this.#refused.clear()
    this.#refused.set(run, refusal)
    this.#options.onFound(id, refusal)
  }
}
