/** Reads, writes, deletes and transactions on a few keys. */

import { KvMix } from '../../workload/kv-mix.js'
import { runKv } from '../../workload/run-kv.js'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'

const KEYS = 4
const PAUSE_MS = 40

export async function kvWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, client, chance, records } = process
  const mix = new KvMix(chance, name, KEYS)
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const input = mix.next()
    const known = records.ledger.revision
    const output = await records.kv.record(name, input, () => runKv(client, input))
    if (output !== undefined) {
      mix.saw(output)
      const isStale = input.type === 'range' && input.serializable === true
      check(
        isStale || output.revision >= known,
        `${name} was answered from ${output.revision} when ${known} was committed before it asked`,
      )
    }
    await process.pause(chance.exponential(PAUSE_MS))
  }
}
