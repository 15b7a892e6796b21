/**
 * Bad input gets etcd's answer: status, code and message. `HOLDFAST_BAD_REQUESTS` is how many are
 * sent, `HOLDFAST_BAD_REQUESTS_SEED` decides which.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../e2e/seeded-random.js'
import { badRequests, KEPT_LEASE } from './bad-requests.js'
import { LOCK_LEASES } from './lock-leases.js'
import { Referee, type Difference } from './referee.js'
import { etcdIsInstalled } from './wire-target.js'

const COUNT = Number(process.env['HOLDFAST_BAD_REQUESTS'] ?? '800')
const seed = Number(
  process.env['HOLDFAST_BAD_REQUESTS_SEED'] ?? Math.floor(Math.random() * 2 ** 32),
)
/** More than these would only hide which was first. */
const MAX_REPORTED = 10

describe.skipIf(!etcdIsInstalled())('bad and half-bad requests (etcd is the referee)', () => {
  let referee: Referee

  beforeAll(async () => {
    referee = await Referee.start([KEPT_LEASE, ...LOCK_LEASES])
    for (const id of [KEPT_LEASE, ...LOCK_LEASES])
      await referee.compare({ path: '/v3/lease/grant', body: `{"ID":"${id}","TTL":"6000"}` })
    for (const key of ['YQ==', 'Yg==', 'eQ==']) {
      await referee.compare({ path: '/v3/kv/put', body: `{"key":"${key}","value":"${key}"}` })
    }
  })
  afterAll(async () => {
    await referee.close()
  })

  it(
    'have the same status, code and message, and the same effect',
    async () => {
      console.log(`HOLDFAST_BAD_REQUESTS_SEED=${seed} HOLDFAST_BAD_REQUESTS=${COUNT}`)
      const differences: Difference[] = []
      const tally = new Map<string, number>()
      for (const request of badRequests(seededRandom(seed), COUNT)) {
        const { kind, difference } = await referee.compare(request)
        tally.set(kind, (tally.get(kind) ?? 0) + 1)
        if (difference === undefined) continue
        differences.push(difference)
        const { etcd, ours } = difference
        // What only one of them did would show in all that follows.
        if (etcd.status !== ours.status || differences.length === MAX_REPORTED) break
      }
      console.log(Object.fromEntries(tally))
      expect(differences).toEqual([])
      const everything = { path: '/v3/kv/range', body: '{"key":"AA==","range_end":"AA=="}' }
      expect(await referee.compare(everything)).toMatchObject({ kind: 'status 200' })
    },
    60_000 + COUNT * 50,
  )
})
