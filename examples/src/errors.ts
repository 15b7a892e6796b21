/**
 * What can go wrong, and what a program may conclude from it.
 *
 *   node examples/dist/errors.js [ENDPOINT...]
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AcquireTimeoutError, connect, HoldfastError, LockLostError } from '@holdfast/client'
import { localCluster } from './local-cluster.js'

/** Does the work, and says what is known of it afterwards. */
async function attempt(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'done'
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error // not ours
    if (error instanceof AcquireTimeoutError) return `held by ${error.holder?.label ?? 'another'}`
    if (error instanceof LockLostError) return `not protected to the end: ${error.reason}`
    if (error.outcome === 'unknown') return 'may have happened: read before you write again'
    return `had no effect: ${error.code}, ${error.retryable ? 'try again later' : 'do not repeat'}`
  }
}

await using cluster = await localCluster()
const holdfast = connect({ endpoints: cluster.endpoints, label: 'ada', sessionTtlSeconds: 2 })
const lock = holdfast.lock('examples/errors')

const held = await lock.acquire()
console.log(await attempt(() => lock.run(() => 'never runs', { timeoutMs: 200 })))
await held.release()

const robbed = lock.run(async ({ key, signal }) => {
  await holdfast.kv.delete(key) // by hand; noticed with the next keepalive
  if (!signal.aborted) await once(signal, 'abort')
})
console.log(await attempt(() => robbed))

console.log(await attempt(() => holdfast.kv.put('examples/errors', '1', { lease: '42' })))
await holdfast.close()

// A server without request ids, as etcd is, whose connection breaks after it has taken a write.
const server = createServer((request, response) => {
  if (request.url === '/version') response.end('{"etcdserver":"3.4.0","etcdcluster":"3.4.0"}')
  else response.destroy()
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo
const cutOff = connect({ endpoints: [`http://127.0.0.1:${port}`] })
console.log(await attempt(() => cutOff.kv.put('examples/errors', '2')))
await cutOff.close()
server.close()
