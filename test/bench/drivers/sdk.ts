/** Our SDK, with its defaults: on our members and, unchanged, on etcd. It asks one member, drawn at random. */

import { connect } from '@holdfast/client'
import { lockName, putKey, value } from '../workloads.js'
import type { Driver } from './driver.js'

export function openSdk(endpoints: readonly string[]): Promise<Driver> {
  const holdfast = connect({ endpoints })
  return Promise.resolve({
    operations: {
      put: async (worker) => {
        await holdfast.kv.put(putKey(worker), value)
      },
      get: async (worker) => {
        const entry = await holdfast.kv.get(putKey(worker))
        if (entry === undefined) throw new Error('the key that was put is not there')
      },
      lock: async (worker) => {
        const lock = await holdfast.lock(lockName(worker)).acquire()
        await lock.release()
      },
    },
    close: () => holdfast.close(),
  })
}
