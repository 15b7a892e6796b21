/** All comparisons of a transaction, nested ones too, look at the state before all of it (etcd §8.20). */

import { compare, op } from '@holdfast/client'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'

const KEYS = ['nest/a', 'nest/b']

export async function nest(process: ClientProcess): Promise<void> {
  const { name, client, chance } = process
  const [key = '', other = ''] = chance.sample(KEYS, 2)
  const version = (await client.kv.get(key))?.version ?? 0
  const isAsSeen = compare.version(key, '=', version)
  const { succeeded, results } = await client.txn({
    if: [isAsSeen],
    then: [
      op.put(key, name),
      op.txn({ if: [isAsSeen], then: [op.put(other, name)], else: [op.get(other)] }),
    ],
    else: [op.get(key)],
  })
  if (!succeeded) return
  check(results[1].succeeded, `${name}: a nested comparison saw what its own transaction had put`)
}
