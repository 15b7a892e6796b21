import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comparedRequests } from './documented-requests.js'
import { exchange, type WireAnswer } from './wire-exchange.js'
import { etcdIsInstalled, startEtcd, startOurs, type WireTarget } from './wire-target.js'

/** etcd 3.4 answers code 9 with 412; later versions, which we follow, with 400. */
function asLaterVersions({ status, body }: WireAnswer): WireAnswer {
  return { status: status === 412 ? 400 : status, body }
}

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
      const expected = asLaterVersions(await exchange(etcd.url, request))
      expect(await exchange(ours.url, request)).toEqual(expected)
    })
  },
)
