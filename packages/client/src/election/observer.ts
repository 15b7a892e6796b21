/**
 * Follows an election: the leader now, and each change of it in order, down to "there is none". It
 * keeps the list of all candidates, so that it knows the successor in the moment in which a leader's
 * key is deleted, without asking.
 */

import { HoldfastError } from '@holdfast/protocol'
import type { QueuePrefix } from '../contention/queue-prefix.js'
import type { Core } from '../core.js'
import type { Entry } from '../kv/entry.js'
import { Kv } from '../kv/kv.js'
import { backoffMs, pause } from '../time/scope.js'
import { Watch } from '../watch/watch.js'
import type { WatchBatch } from '../watch/watch-event.js'

const BACKOFF = { baseMs: 200, capMs: 5_000 }

/** Yields the entry of each leader, undefined for none. Ends quietly with the signal. */
export async function* observeFirst(
  core: Core,
  prefix: QueuePrefix,
  signal: AbortSignal,
): AsyncGenerator<Entry | undefined, void, undefined> {
  const candidates = new Candidates(prefix)
  // Something that no entry equals, so that the first state is reported whatever it is.
  let reported: Entry | undefined | 'nothing' = 'nothing'
  for (let failures = 0; ;) {
    try {
      for await (const first of follow(core, candidates, signal)) {
        failures = 0
        if (reported !== 'nothing' && isSame(reported, first)) continue
        reported = first
        yield first
      }
      return
    } catch (error) {
      if (signal.aborted) return
      const interrupted = error instanceof HoldfastError && error.code === 'compacted'
      const outage = error instanceof HoldfastError && error.retryable && reported !== 'nothing'
      if (!interrupted && !outage) throw error
    }
    await pause(core.rpc.clock, backoffMs(core.rpc.clock, ++failures, BACKOFF), signal).catch(
      () => undefined,
    )
  }
}

/** The first candidate after a fresh read, and after each revision from there on. */
async function* follow(
  core: Core,
  candidates: Candidates,
  signal: AbortSignal,
): AsyncGenerator<Entry | undefined> {
  const range = { prefix: candidates.prefix.text }
  const { revision, entries } = await new Kv(core.rpc).getAll(range, { signal })
  candidates.reset(entries)
  yield candidates.first()
  for await (const batch of new Watch(core.rpc, range, { fromRevision: revision + 1, signal })) {
    candidates.apply(batch)
    yield candidates.first()
  }
}

class Candidates {
  readonly prefix: QueuePrefix
  readonly #byKey = new Map<string, Entry>()

  constructor(prefix: QueuePrefix) {
    this.prefix = prefix
  }

  reset(entries: readonly Entry[]): void {
    this.#byKey.clear()
    for (const entry of entries) this.#put(entry)
  }

  apply({ events }: WatchBatch): void {
    for (const { type, entry } of events) {
      if (type === 'put') this.#put(entry)
      else this.#byKey.delete(entry.key)
    }
  }

  first(): Entry | undefined {
    let first: Entry | undefined
    for (const entry of this.#byKey.values()) {
      if (first === undefined || entry.createRevision < first.createRevision) first = entry
    }
    return first
  }

  #put(entry: Entry): void {
    if (this.prefix.includes({ key: entry.keyBytes, lease: entry.lease }))
      this.#byKey.set(entry.key, entry)
  }
}

/** The same leader, with the same proclamation. */
function isSame(left: Entry | undefined, right: Entry | undefined): boolean {
  return left?.key === right?.key && left?.modRevision === right?.modRevision
}
