import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from './deliberate-differences/difference.js'
import { evened } from './deliberate-differences/judge.js'
import { comparedRequests } from './documented-requests.js'
import { exchange } from './wire-exchange.js'
import { etcdIsInstalled, startEtcd, startOurs, type WireTarget } from './wire-target.js'

describe.skipIf(!etcdIsInstalled())(
  'the requests of etcd’s documentation (etcd is the referee)',
  () => {
    let etcd: WireTarget
    let ours: WireTarget

    beforeAll(async () => {
      ;[etcd, ours] = await Promise.all([startEtcd(), startOurs()])
    })
    afterAll(async () => {
      await Promise.all([etcd.close(), ours.close()])
    })

    it.each(comparedRequests)('%s: same status, same body', async (_name, request) => {
      const both = evened(request, {
        etcd: (await exchange(etcd.url, request)) as Answer,
        ours: (await exchange(ours.url, request)) as Answer,
      })
      expect(both.ours).toEqual(both.etcd)
    })
  },
)
