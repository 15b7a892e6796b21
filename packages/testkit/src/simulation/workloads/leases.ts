/** Grants leases, renews them for a while, and lets them expire or revokes them. */

import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'

const TTL_SECONDS = 2

export async function leaseWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, client, chance, records, host } = process
  const trueTime = (): number => host.world.nowMs
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const grantedMs = trueTime()
    const lease = await orFailed(client.leases.grant(TTL_SECONDS))
    if (lease === undefined) continue
    records.leases.confirmed(lease.id, lease.ttlSeconds, grantedMs)
    await orFailed(client.kv.put(`leased/${name}`, lease.id, { lease: lease.id }))
    for (let renewals = chance.below(4); renewals > 0; renewals -= 1) {
      await process.pause(chance.between(0.1, 0.9) * lease.ttlSeconds * 1000)
      const sentMs = trueTime()
      const renewed = await orFailed(client.leases.keepAliveOnce(lease.id))
      if (renewed === undefined) break
      records.leases.confirmed(lease.id, renewed.ttlSeconds, sentMs)
    }
    if (chance.happens(0.3)) await orFailed(client.leases.revoke(lease.id))
  }
}
