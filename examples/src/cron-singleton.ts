/**
 * A job that is due on every replica, and runs on one.
 *
 * Each replica has its own timer. Whoever creates the key of a fire time first runs the job; a second
 * claim of the same time fails, however late or skewed its clock is.
 *
 *   node examples/dist/cron-singleton.js [ENDPOINT...]
 */

import { setTimeout as delay } from 'node:timers/promises'
import { compare, connect, op, type Holdfast } from '@holdfast/client'
import { localCluster } from './local-cluster.js'

const EVERY_MS = 250
const FIRES = 4

/** True for one replica of all that ask. */
async function claim(holdfast: Holdfast, job: string, fireTime: number): Promise<boolean> {
  const key = `cron/${job}/${fireTime}`
  const { succeeded } = await holdfast.txn({
    if: [compare.createRevision(key, '=', 0)],
    then: [op.put(key, new Date().toISOString())],
  })
  return succeeded
}

async function replica(name: string, endpoints: readonly string[], start: number): Promise<void> {
  const holdfast = connect({ endpoints, label: name })
  for (let fire = 0; fire < FIRES; fire++) {
    const fireTime = start + fire * EVERY_MS
    await delay(Math.max(0, fireTime - Date.now()))
    if (await claim(holdfast, 'report', fireTime))
      console.log(`fire ${fire}: ${name} runs the report`)
  }
  await holdfast.close()
}

await using cluster = await localCluster()
const start = Math.ceil(Date.now() / EVERY_MS + 1) * EVERY_MS
await Promise.all(['a', 'b', 'c'].map((name) => replica(name, cluster.endpoints, start)))
