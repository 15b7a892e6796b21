/**
 * Who finds that it holds, holds: the key that stands for it is there, for everybody to see. It is for
 * the TTL of its lease from the last renewal on, and no holder believes that for so long (catalogue
 * 74–82; Jepsen: etcd locks).
 */

import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'

interface Held {
  readonly key: string
  readonly fencingToken: number
  assertHeld(): void
}

/** Whether it finds that it holds. */
export async function holds({ name, records }: ClientProcess, held: Held): Promise<boolean> {
  const { key, fencingToken } = held
  const isHeld = await orFailed(
    Promise.resolve()
      .then(() => held.assertHeld())
      .then(() => true),
  )
  if (isHeld !== true) return false
  const { states } = records
  check(
    states.wasThere(key, fencingToken, states.revision),
    `${name} holds ${key} with token ${fencingToken}, which is gone`,
  )
  return true
}
