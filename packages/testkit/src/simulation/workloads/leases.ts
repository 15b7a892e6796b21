/** Grants leases, renews them for a while, its own and others', and lets them expire or revokes them. */

import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'

const TTL_SECONDS = 2

export async function leaseWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, client, chance, records, host } = process
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const grantedMs = host.world.nowMs
    const lease = await orFailed(client.leases.grant(TTL_SECONDS))
    if (lease === undefined) continue
    records.leases.confirmed(lease.id, lease.ttlSeconds, grantedMs)
    await orFailed(client.kv.put(`leased/${name}`, lease.id, { lease: lease.id }))
    for (let renewals = chance.below(4); renewals > 0; renewals -= 1) {
      await process.pause(chance.between(0.1, 0.9) * lease.ttlSeconds * 1000)
      if (!(await isRenewed(process, lease.id))) break
    }
    if (chance.happens(0.3)) await orFailed(client.leases.revoke(lease.id))
    // Perhaps one that has ended, of which a leader that was deposed does not know (etcd #20615).
    if (chance.happens(0.5)) await isRenewed(process, chance.pick(records.leases.ids))
  }
}

async function isRenewed({ client, records, host }: ClientProcess, id: string): Promise<boolean> {
  const sentMs = host.world.nowMs
  const renewed = await orFailed(client.leases.keepAliveOnce(id))
  if (renewed === undefined) return false
  records.leases.confirmed(id, renewed.ttlSeconds, sentMs)
  return true
}
