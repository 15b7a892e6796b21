/** Grants leases, renews them for a while, its own and others', and lets them expire or revokes them. */

import { routes } from '@holdfast/protocol'
import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'

const TTLS_SECONDS = [1, 1, 2]
const PATIENCE_MS = 500
const LEAVE_EVERY_MS = 150
/** A lease is found expired within half a second. */
const LATE_MS = 600

export async function leaseWorkload(process: ClientProcess, operations: number): Promise<void> {
  await Promise.all([keepLeases(process, operations), leaveLeases(process)])
}

/**
 * Leases that are left alone, so that some are about to expire whatever happens to their leader; some
 * are renewed when it is late, perhaps while they are being expired.
 */
async function leaveLeases(process: ClientProcess): Promise<void> {
  const { client, chance, records, host } = process
  const renewals: Promise<unknown>[] = []
  while (!process.isToEnd()) {
    const grantedMs = host.world.nowMs
    const lease = await orFailed(client.leases.grant(1))
    if (lease !== undefined) {
      records.leases.confirmed(lease.id, lease.ttlSeconds, grantedMs)
      if (chance.happens(0.5)) renewals.push(renewLate(process, lease.id))
    }
    await process.pause(chance.exponential(LEAVE_EVERY_MS))
  }
  await Promise.all(renewals)
}

async function renewLate(process: ClientProcess, id: string): Promise<void> {
  await process.pause(1_000 + process.chance.below(LATE_MS))
  await isRenewed(process, id)
}

async function keepLeases(process: ClientProcess, operations: number): Promise<void> {
  const { name, client, chance, records, host } = process
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const grantedMs = host.world.nowMs
    const lease = await orFailed(client.leases.grant(chance.pick(TTLS_SECONDS)))
    if (lease === undefined) continue
    records.leases.confirmed(lease.id, lease.ttlSeconds, grantedMs)
    for (const key of [`leased/${name}`, `leased/${name}/too`]) {
      await orFailed(client.kv.put(key, lease.id, { lease: lease.id }))
    }
    for (let renewals = chance.below(4); renewals > 0; renewals -= 1) {
      await process.pause(chance.between(0.1, 0.9) * lease.ttlSeconds * 1000)
      if (!(await isRenewed(process, lease.id))) break
    }
    if (chance.happens(0.4)) {
      await orFailed(client.leases.revoke(lease.id))
      await askEverybody(process, lease.id)
    } else if (chance.happens(0.5)) await isRenewed(process, chance.pick(records.leases.newest))
  }
}

/** Perhaps a leader that was deposed does not know yet that the lease has ended (etcd #20615). */
async function askEverybody(process: ClientProcess, id: string): Promise<void> {
  const { transport, endpoints, records, host } = process
  const sentMs = host.world.nowMs
  const leaving = new AbortController()
  const cancel = host.clock.after(PATIENCE_MS, () => leaving.abort())
  const asking = endpoints.map(async (endpoint) => {
    const { status, body } = await transport.request({
      ...{ endpoint, method: 'POST', path: `/v3${routes.leaseKeepAlive.path}`, headers: {} },
      ...{ body: JSON.stringify({ ID: id }), signal: leaving.signal, maxBytes: 10_000 },
    })
    if (status !== 200) return
    const { result } = JSON.parse(body) as { readonly result?: unknown }
    const { ttl } = routes.leaseKeepAlive.response.decode(result ?? {})
    if (ttl > 0) records.leases.confirmed(id, ttl, sentMs)
  })
  await Promise.all(asking.map((one) => orFailed(one)))
  cancel()
}

async function isRenewed({ client, records, host }: ClientProcess, id: string): Promise<boolean> {
  const sentMs = host.world.nowMs
  const renewed = await orFailed(client.leases.keepAliveOnce(id))
  if (renewed === undefined) return false
  records.leases.confirmed(id, renewed.ttlSeconds, sentMs)
  return true
}
