/**
 * Work that one replica at a time may do: each stands for election, the one that leads works, and
 * when it goes another takes over.
 *
 *   node examples/dist/leader-worker.js [ENDPOINT...]
 */

import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@holdfast/client'
import { localCluster } from './local-cluster.js'

const REPLICAS = ['a', 'b', 'c']
const STEPS = 3

async function replica(name: string, endpoints: readonly string[]): Promise<void> {
  const holdfast = connect({ endpoints, label: name })
  await holdfast.election('compactor').lead(async ({ signal, fencingToken, proclaim }) => {
    await proclaim(`http://${name}.example:8080`)
    for (let step = 1; step <= STEPS; step++) {
      console.log(`${name} works as the leader, step ${step}, token ${fencingToken}`)
      await delay(20, undefined, { signal }) // throws when the leadership is lost
    }
    // To return while it leads ends `lead`: this replica has had its turn. After a loss, `lead` stands
    // for election again and calls this anew.
  })
  await holdfast.close()
}

await using cluster = await localCluster()
await Promise.all(REPLICAS.map((name) => replica(name, cluster.endpoints)))
console.log('every replica has led once')
