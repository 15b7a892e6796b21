/**
 * Two processes that both take themselves for one member, as when its data directory was copied or
 * mounted twice: each has its own memory of votes that must be one (catalogue 50). The lock on the
 * directory keeps out only who uses the same one.
 *
 * A member listens where the cluster says that it is to be found. So a process that opens a stream as
 * this member, while another one answers there, is a namesake, and is told so. Where nobody answers
 * nothing is concluded, and the question is asked again with the next stream.
 */

import { get } from 'node:http'
import type { MemberId } from '@holdfast/raft'
import { RUN_PATH } from './peer-protocol.js'

const ASK_MS = 1_000
/** Runs that are remembered as refused. One that is forgotten is found again. */
const MAX_REFUSED = 1_000
/** Longer than any run's name. */
const MAX_ANSWER_LENGTH = 200

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
    const owner = await runAt(url).catch(() => undefined)
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

/** Which run listens there. @throws when nobody does */
function runAt(url: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ASK_MS)
    const request = get(new URL(RUN_PATH, url), { agent: false, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_ANSWER_LENGTH) request.destroy(new Error('too long an answer'))
      })
      response.once('end', () => resolve(response.statusCode === 200 ? text : undefined))
      response.once('error', reject)
    })
    request.once('error', reject)
  })
}
