/** Takes locks, works under them in several steps, and gives them back, or gives up waiting. */

import { AcquireTimeoutError, compare, op, type HeldLock } from '@holdfast/client'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'
import { holds } from '../invariants/holds.js'
import { orFailed } from '../run-records.js'

const NAMES = ['lock/a', 'lock/b']
const STEP_MS = 30
/** Longer than all faults, and than all who may stand before us then. */
const PATIENT_MS = 40_000

export async function lockWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, chance, records } = process
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const lockName = chance.pick(NAMES)
    if (chance.happens(0.1)) await orFailed(deleteWaiter(process, lockName))
    const lock = await acquire(process, lockName)
    if (lock === undefined) continue
    await records.sessions.begin(process)
    for (let steps = chance.below(4); steps >= 0; steps -= 1) {
      if (!(await holds(process, lock))) break
      records.work.works(lockName, lock.fencingToken, `${name}/${done}`)
      await process.pause(chance.exponential(STEP_MS))
    }
    await orFailed(checkGuard(process, lock))
    await lock.release()
    await process.pause(chance.exponential(STEP_MS))
  }
}

async function acquire(
  { name, client, chance }: ClientProcess,
  lockName: string,
): Promise<HeldLock | undefined> {
  const timeoutMs = chance.happens(0.3) ? chance.between(20, 500) : PATIENT_MS
  const acquired = client
    .lock(lockName)
    .acquire({ timeoutMs })
    .catch((error: unknown) => {
      const isStarved = error instanceof AcquireTimeoutError && timeoutMs === PATIENT_MS
      check(!isStarved, `${name} waited ${timeoutMs} ms in vain for ${lockName}`)
      throw error
    })
  return orFailed(acquired)
}

/** A guard passes exactly where the key that stands for the hold is there, whatever anybody believes. */
async function checkGuard({ name, client, records }: ClientProcess, lock: HeldLock): Promise<void> {
  const { key, fencingToken } = lock
  const known = records.states.revision
  const { succeeded, revision } = await client.txn({ if: [lock.guard()], then: [] })
  check(
    revision >= known,
    `${name}: the guard of ${key} was looked at in ${revision}, after ${known} was committed`,
  )
  check(
    succeeded === records.states.wasThere(key, fencingToken, revision),
    `${name}: the guard of ${key} ${succeeded ? 'passed' : 'failed'} at ${revision}`,
  )
}

/** Somebody with an editor for keys takes a waiter out of the queue, who has to notice. */
async function deleteWaiter({ client, chance }: ClientProcess, lockName: string): Promise<void> {
  const { holder, waiters } = await client.lock(lockName).inspect()
  if (holder === undefined || waiters.length === 0) return
  await client.txn({
    if: [compare.createRevision(holder.key, '=', holder.fencingToken)],
    then: [op.delete(chance.pick(waiters).key)],
  })
}
