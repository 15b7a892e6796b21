/** Watches keys for a while, leaves, and goes on where it was; compacts now and then. */

import { CompactedError, type WatchBatch } from '@holdfast/client'
import { HoldfastError } from '@holdfast/protocol'
import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'

const PREFIXES = ['k/', 'lock/', 'jobs/', '']

export async function watchWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, chance, records } = process
  const prefix = chance.pick(PREFIXES)
  let fromRevision = 2
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const keys = records.watches.begin(`${name}/${done} on ${prefix}*`, prefix, fromRevision)
    try {
      await follow(process, prefix, keys)
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      if (error instanceof CompactedError) {
        keys.compacted(error.compactRevision)
        fromRevision = Math.max(keys.nextRevision, error.compactRevision ?? 0)
        continue
      }
    }
    fromRevision = keys.nextRevision
    if (chance.happens(0.1)) await orFailed(compact(process, fromRevision))
  }
}

/** Until so many batches came, or nothing for a while. */
async function follow(
  { client, chance }: ClientProcess,
  prefix: string,
  keys: { readonly nextRevision: number; told(batch: WatchBatch): void },
): Promise<void> {
  let left = 5 + chance.below(30)
  const options = { fromRevision: keys.nextRevision, timeoutMs: chance.between(200, 3_000) }
  for await (const batch of client.watch({ prefix }, options)) {
    keys.told(batch)
    left -= 1
    if (left === 0) return
  }
}

async function compact({ client, chance }: ClientProcess, seen: number): Promise<void> {
  const revision = Math.max(1, seen - chance.below(20))
  await client.kv.compact(revision)
}
