/**
 * npm `redlock` 4 on one Redis: locks only. One connection, which ioredis pipelines by itself. Redis
 * replicates nothing here and has no fencing token, so this row is a bar, not an equal.
 */

import { Redis } from 'ioredis'
import Redlock from 'redlock'
import { lockName } from '../workloads.js'
import type { Driver } from './driver.js'

const TTL_MS = 30_000

export function openRedlock(endpoints: readonly string[]): Promise<Driver> {
  const client = new Redis(endpoints[0]!)
  // The types of redlock know ioredis 4 only; what redlock calls has not changed since.
  const server = client as unknown as Redlock.CompatibleRedisClient
  // Nobody else wants these locks: a refusal is an error to be counted, not to be tried again.
  const redlock = new Redlock([server], { retryCount: 0 })
  return Promise.resolve({
    operations: {
      lock: async (worker) => {
        const lock = await redlock.lock(lockName(worker), TTL_MS)
        await lock.unlock()
      },
    },
    close: async () => {
      await client.quit()
    },
  })
}
