/** Who is first in a queue, for who only asks: the oldest key of the name, with what it says of itself. */

import type { Core } from '../core.js'
import type { Entry } from '../kv/entry.js'
import { Kv } from '../kv/kv.js'
import type { WaitOptions } from '../time/scope.js'
import type { QueuePrefix } from './queue-prefix.js'

/** The entry of the holder or leader; undefined if there is none. */
export async function firstEntry(
  core: Core,
  prefix: QueuePrefix,
  options: WaitOptions,
): Promise<Entry | undefined> {
  const range = { prefix: prefix.text }
  const { entries } = await new Kv(core.rpc).range(range, { ...options, sortBy: 'createRevision' })
  return entries.find(({ keyBytes, lease }) => prefix.includes({ key: keyBytes, lease }))
}
