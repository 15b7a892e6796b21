import { setTimeout as delay } from 'node:timers/promises'
import { serveCommand, startProcessCluster, type ProcessCluster } from '@holdfast/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LeasedKeys } from './leased-keys.js'

const TTL_SECONDS = 2
const TTL_MS = TTL_SECONDS * 1_000
/** The scan for expired leases, a round of replication, and a noisy machine. */
const LATE_MS = 2_500
/** An election, and the election timeout by which a new leader extends every lease. */
const ELECTION_MS = 4_000

describe('a lease lives at least its TTL, and its keys go in one revision (etcd §8.26, §8.27)', () => {
  let cluster: ProcessCluster

  beforeAll(async () => {
    cluster = await startProcessCluster({ memberCommand: serveCommand(import.meta.url) })
  })
  afterAll(() => cluster.close())

  it('on a quiet cluster', async () => {
    const leased = await LeasedKeys.create(cluster.endpoints, 'quiet', TTL_SECONDS)
    const { afterMs, revisions, keys } = await leased.deletion()
    expect(afterMs).toBeGreaterThanOrEqual(TTL_MS)
    expect(afterMs).toBeLessThan(TTL_MS + LATE_MS)
    expect(keys).toEqual(leased.keys)
    expect(revisions.size).toBe(1)
  })

  it('counted from the last confirmed renewal', async () => {
    const leased = await LeasedKeys.create(cluster.endpoints, 'renewed', TTL_SECONDS)
    for (let renewal = 0; renewal < 3; renewal++) {
      await delay(TTL_MS / 2)
      await leased.renew()
    }
    const { afterMs, revisions } = await leased.deletion()
    expect(afterMs).toBeGreaterThanOrEqual(TTL_MS)
    expect(revisions.size).toBe(1)
  })

  it('across a change of leader: the new one counts anew', async () => {
    const leased = await LeasedKeys.create(cluster.endpoints, 'elected', TTL_SECONDS)
    const leader = await cluster.leader()
    await leader.kill()
    const { afterMs, revisions, keys } = await leased.deletion()
    leader.start()
    await cluster.healthy(leader)
    expect(afterMs).toBeGreaterThanOrEqual(TTL_MS)
    expect(afterMs).toBeLessThan(TTL_MS + ELECTION_MS + LATE_MS)
    expect(keys).toEqual(leased.keys)
    expect(revisions.size).toBe(1)
  })

  it('when the leader was paused and then deposed, its own count has no effect', async () => {
    const leader = await cluster.leader()
    const others = cluster.members.filter((member) => member !== leader)
    const leased = await LeasedKeys.create(
      others.map(({ clientUrl }) => clientUrl),
      'paused',
      TTL_SECONDS,
    )
    leader.pause()
    const renewUntil = performance.now() + 2 * TTL_MS
    while (performance.now() < renewUntil) {
      await leased.renew()
      await delay(200)
    }
    leader.resume()
    await leased.renew()
    const { afterMs, revisions } = await leased.deletion()
    expect(afterMs).toBeGreaterThanOrEqual(TTL_MS)
    expect(revisions.size).toBe(1)
  })
})
