/** Reads, writes, deletes and transactions on a few keys; reads of the past, and compactions. */

import { KvMix } from '../../workload/kv-mix.js'
import { runKv } from '../../workload/run-kv.js'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'
import { nest } from './nested-txns.js'
import { readThePast } from './past-reads.js'

const KEYS = 4
const PAUSE_MS = 40

export async function kvWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, chance } = process
  const mix = new KvMix(chance, name, KEYS)
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const kind = chance.below(100)
    if (kind < 70) await operate(process, mix)
    else if (kind < 85) await orFailed(readThePast(process))
    else if (kind < 95) await orFailed(nest(process))
    else await orFailed(compact(process))
    await process.pause(chance.exponential(PAUSE_MS))
  }
}

async function operate({ name, client, records }: ClientProcess, mix: KvMix): Promise<void> {
  const input = mix.next()
  const known = records.ledger.revision
  const output = await records.kv.record(name, input, () => runKv(client, input))
  if (output === undefined) return
  mix.saw(output)
  const isStale = input.type === 'range' && input.serializable === true
  check(
    isStale || output.revision >= known,
    `${name} was answered from ${output.revision} when ${known} was committed before it asked`,
  )
}

async function compact({ client, chance, records }: ClientProcess): Promise<void> {
  await client.kv.compact(Math.max(1, records.states.revision - chance.below(20)))
}
