import { expect, it } from 'vitest'
import { Chance } from './chance.js'
import { SimulatedCluster } from './simulated-cluster.js'
import { World } from './world.js'

async function runOnce(seed: number): Promise<{ hash: string; events: number; values: unknown }> {
  const world = new World(new Chance(`seed ${seed}`))
  const cluster = new SimulatedCluster({
    world,
    size: 3,
    timing: { tickMs: 50, heartbeatTicks: 1, electionTicks: 10 },
    conditions: { minDelayMs: 0.2, meanDelayMs: 1, loss: 0, repetition: 0, isOrdered: true },
    clockOf: () => ({ rate: 1, offsetMs: 0 }),
    checkpointMs: 1_000,
    keptEntries: 5_000,
  })
  cluster.start()
  const { client } = cluster.client('c1')
  const values: unknown[] = []
  let done = false
  void (async () => {
    for (let n = 0; n < 20; n += 1) {
      await client.kv.put('a', String(n))
      values.push((await client.kv.get('a'))?.text())
    }
    const lock = await client.lock('x').acquire()
    values.push(lock.fencingToken)
    await lock.release()
    await client.close()
    done = true
  })().catch((error: unknown) => world.fail(error))
  const finished = await world.run(60_000, () => done)
  expect(finished).toBe(true)
  return { hash: world.traceHash(), events: world.eventCount, values }
}

it('runs', async () => {
  const begun = performance.now()
  const first = await runOnce(1)
  const mid = performance.now()
  const second = await runOnce(1)
  console.log(first, second.hash, mid - begun, performance.now() - mid)
  expect(second).toEqual(first)
})
