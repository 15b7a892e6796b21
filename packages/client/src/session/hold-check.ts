/**
 * Looks whether the keys that stand for holds are still there. Somebody with an editor for keys may
 * delete one, and its holder must learn of it. Watching each key would cost a connection each on a
 * plain etcd; one read of all of them with each keepalive costs next to nothing, and finds it within
 * a third of the TTL. Until then a guard already refuses.
 */

import { routes } from '@holdfast/protocol'
import { rangeRequest } from '../kv/operations.js'
import type { Rpc } from '../rpc/rpc.js'
import type { HeldKey } from './held-key.js'

/** Operations of one transaction: etcd allows 128. */
const BATCH = 100

/** The holds whose key is gone, or is not the one that they were granted. */
export async function findLostHolds(
  rpc: Rpc,
  holds: readonly HeldKey[],
  timeoutMs: number,
): Promise<readonly HeldKey[]> {
  const lost: HeldKey[] = []
  for (let from = 0; from < holds.length; from += BATCH) {
    const some = holds.slice(from, from + BATCH)
    const success = some.map(({ key }) => ({
      requestRange: rangeRequest(key, { keysOnly: true }),
    }))
    const { responses } = await rpc.ask(routes.txn, { success }, { repetition: 'safe', timeoutMs })
    const gone = some.filter(({ createRevision }, index) => {
      const kv = responses[index]?.responseRange?.kvs[0]
      return kv?.createRevision !== createRevision
    })
    lost.push(...gone)
  }
  return lost
}
