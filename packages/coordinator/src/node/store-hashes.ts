/**
 * Hashes by which members can be compared, made a slice at a time so that no heartbeat waits for one
 * (etcd: HashKV, Hash).
 */

import crc32c from 'crc-32/crc32c.js'
import { Refusal, type VersionPointer } from '../state-machine/outcome.js'
import type { StateMachine } from '../state-machine/state-machine.js'
import type { Clock } from '../time/clock.js'
import { recordKey, recordValue } from './etcd-record.js'

/** Rows in one slice: a few milliseconds of work. */
const ROWS_PER_SLICE = 500
const BEFORE_ALL: VersionPointer = { revision: 0, sub: -1 }
/** The name of etcd's bucket, with which its hash begins. */
const BUCKET = Buffer.from('key')

export interface KeysHash {
  /** Unsigned, 32 bits. */
  readonly hash: number
  /** Up to which keys count. */
  readonly revision: number
  /** Of the store, when the hash was begun. */
  readonly currentRevision: number
  readonly compactRevision: number
}

type State = Pick<StateMachine, 'revision' | 'compactRevision' | 'versionsUpTo' | 'leases'>

export class StoreHashes {
  readonly #state: State
  readonly #clock: Pick<Clock, 'afterPoll'>
  /** One at a time: each reads all there is. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(state: State, clock: Pick<Clock, 'afterPoll'>) {
    this.#state = state
    this.#clock = clock
  }

  /**
   * Of every version that can be read up to `revision`, 0 meaning the newest. An etcd with the same
   * history gives the same.
   * @throws {Refusal} `compacted` or `futureRevision`
   */
  keysUpTo(revision: number): Promise<KeysHash> {
    const next = this.#last.then(() => this.#keysUpTo(revision))
    this.#last = next.catch(() => undefined)
    return next
  }

  /** Of all keys and leases. */
  async whole(): Promise<{ readonly hash: number; readonly revision: number }> {
    const { hash, revision } = await this.keysUpTo(0)
    const leases = this.#state.leases().map(({ id, ttlSeconds }) => [id, ttlSeconds])
    return { hash: crc32c.buf(Buffer.from(JSON.stringify(leases)), hash) >>> 0, revision }
  }

  async #keysUpTo(asked: number): Promise<KeysHash> {
    for (;;) {
      const { revision: currentRevision, compactRevision } = this.#state
      if (asked > currentRevision) throw new Refusal('futureRevision')
      if (asked > 0 && asked <= compactRevision) throw new Refusal('compacted')
      const revision = asked > 0 ? asked : currentRevision
      const hash = await this.#hash(revision, compactRevision)
      if (hash !== undefined) return { hash, revision, currentRevision, compactRevision }
    }
  }

  /** Undefined when a compaction came between: what it removes is in no hash of those who have it. */
  async #hash(revision: number, compactRevision: number): Promise<number | undefined> {
    let hash = crc32c.buf(BUCKET, 0)
    for (let after: VersionPointer | undefined = BEFORE_ALL; after !== undefined;) {
      const { versions, last } = this.#state.versionsUpTo(revision, after, ROWS_PER_SLICE)
      for (const version of versions) {
        hash = crc32c.buf(recordValue(version), crc32c.buf(recordKey(version), hash))
      }
      after = last
      await new Promise<void>((resolve) => this.#clock.afterPoll(resolve))
      if (this.#state.compactRevision !== compactRevision) return undefined
    }
    return hash >>> 0
  }
}
