/** Takes locks, works under them in several steps, and gives them back. */

import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'

const NAMES = ['lock/a', 'lock/b']
const STEP_MS = 30

export async function lockWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, client, chance, records } = process
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const lockName = chance.pick(NAMES)
    const lock = await orFailed(client.lock(lockName).acquire({ timeoutMs: 20_000 }))
    if (lock === undefined) continue
    for (let steps = chance.below(4); steps >= 0; steps -= 1) {
      const holds = await orFailed(
        Promise.resolve()
          .then(() => lock.assertHeld())
          .then(() => true),
      )
      if (holds !== true) break
      records.work.works(lockName, lock.fencingToken, `${name}/${done}`)
      await process.pause(chance.exponential(STEP_MS))
    }
    const guarded = await orFailed(client.txn({ if: [lock.guard()], then: [] }))
    check(
      guarded?.succeeded !== true || guarded.revision >= lock.fencingToken,
      'a guard held before its lock was granted',
    )
    await lock.release()
    await process.pause(chance.exponential(STEP_MS))
  }
}
