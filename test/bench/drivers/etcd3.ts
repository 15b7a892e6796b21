/** npm `etcd3`, with its defaults: gRPC to all members; a lock of its own lease each time. */

import { Etcd3 } from 'etcd3'
import { lockName, putKey, value } from '../workloads.js'
import type { Driver } from './driver.js'

export function openEtcd3(endpoints: readonly string[]): Promise<Driver> {
  const client = new Etcd3({ hosts: [...endpoints] })
  return Promise.resolve({
    operations: {
      put: async (worker) => {
        await client.put(putKey(worker)).value(value)
      },
      get: async (worker) => {
        if ((await client.get(putKey(worker)).string()) === null) {
          throw new Error('the key that was put is not there')
        }
      },
      lock: async (worker) => {
        const lock = await client.lock(lockName(worker)).acquire()
        await lock.release()
      },
    },
    close: () => {
      client.close()
      return Promise.resolve()
    },
  })
}
