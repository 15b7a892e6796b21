/**
 * Watches keys for a while, leaves, and goes on where it was; compacts now and then, and changes keys
 * at the very ends of an interval that is watched. In the end it waits until it was told everything.
 */

import { CompactedError } from '@holdfast/client'
import { HoldfastError } from '@holdfast/protocol'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'
import type { WatchedKeys } from '../invariants/watched-changes.js'
import { orFailed } from '../run-records.js'
import { readStream } from './streams.js'

const PREFIXES = ['k/', 'lock/', 'jobs/', 'edge/', 'edge/', '']
/** Before the first key of `edge/`, the first, between, the first behind. */
const EDGE_KEYS = ['edge.', 'edge/', 'edge/m', 'edge/~', 'edge0']
const CATCH_UP_MS = 20_000
const BRIEF_MS = 2_000
const LASTING_MS = 10_000

export async function watchWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, chance, records } = process
  const prefix = chance.pick(PREFIXES)
  const changing = Promise.all([changeEdges(process, operations), keepStreaming(process, prefix)])
  const keys = records.watches.begin(`${name} on ${prefix}*`, prefix, 2)
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    if (chance.happens(0.5)) await readStream(process, prefix, BRIEF_MS)
    else await follow(process, keys)
    if (chance.happens(0.1)) await orFailed(compact(process, keys.nextRevision))
  }
  await changing
  await catchUp(process, keys)
}

/** Long enough that a member may lose its leader under it, and be given a snapshot. */
async function keepStreaming(process: ClientProcess, prefix: string): Promise<void> {
  while (!process.isToEnd()) {
    await readStream(process, prefix, LASTING_MS)
    await process.pause(BRIEF_MS / 10)
  }
}

/** Until so many batches came, or nothing for a while. */
async function follow({ client, chance }: ClientProcess, keys: WatchedKeys): Promise<void> {
  let left = 5 + chance.below(30)
  const timeoutMs = chance.between(200, 3_000)
  await telling(keys, async () => {
    const { prefix, nextRevision: fromRevision } = keys
    for await (const batch of client.watch({ prefix }, { fromRevision, timeoutMs })) {
      keys.told(batch)
      left -= 1
      if (left === 0) return
    }
  })
}

async function catchUp({ name, client, host, records }: ClientProcess, keys: WatchedKeys) {
  const target = records.states.revision
  const deadlineMs = host.nowMs + CATCH_UP_MS
  while (!keys.isToldUpTo(target)) {
    check(host.nowMs < deadlineMs, `${name} was not told all up to ${target} in ${CATCH_UP_MS} ms`)
    await telling(keys, async () => {
      const { prefix, nextRevision: fromRevision } = keys
      for await (const batch of client.watch({ prefix }, { fromRevision, timeoutMs: 5_000 })) {
        keys.told(batch)
        if (keys.isToldUpTo(target)) return
      }
    })
  }
}

/** What a watch may end with is told to who keeps count; anything else is not expected. */
async function telling(keys: WatchedKeys, watch: () => Promise<void>): Promise<void> {
  try {
    await watch()
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    if (error instanceof CompactedError) keys.compacted(error.compactRevision)
  }
}

async function changeEdges(process: ClientProcess, operations: number): Promise<void> {
  const { name, client, chance } = process
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const key = chance.pick(EDGE_KEYS)
    const change = chance.happens(0.7)
      ? client.kv.put(key, `${name}/${done}`)
      : client.kv.delete(chance.happens(0.3) ? { prefix: 'edge' } : key)
    await orFailed<unknown>(change)
    await process.pause(chance.exponential(150))
  }
}

async function compact({ client, chance }: ClientProcess, seen: number): Promise<void> {
  await client.kv.compact(Math.max(1, seen - chance.below(20)))
}
