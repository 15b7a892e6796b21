/**
 * One client process of the end-to-end test: takes the same lock again and again, writes a key while
 * it holds it, and prints one line a hold. Ends in order when its standard input ends.
 *
 *   node lock-client.js CLIENT ENDPOINT...
 */

import { setTimeout as delay } from 'node:timers/promises'
import { connect, type HeldLock } from '@holdfast/client'
import { encodeHold, type Hold } from './hold.js'

const [client = '0', ...endpoints] = process.argv.slice(2)
const holdfast = connect({ endpoints })

const ending = new AbortController()
process.stdin.resume()
process.stdin.once('end', () => ending.abort())
process.on('unhandledRejection', (reason) => {
  console.error('unhandled rejection', reason)
  process.exit(70)
})

/** Writes while it holds the lock; what was not acknowledged is not claimed. */
async function act(lock: HeldLock, turn: number): Promise<string | undefined> {
  const key = `e2e/written/${client}/${turn}`
  try {
    await holdfast.kv.put(key, String(lock.fencingToken), { signal: lock.signal })
    await delay(5, undefined, { signal: lock.signal })
    return key
  } catch (error) {
    if (lock.signal.aborted) return undefined
    console.error(`client ${client}: ${String(error)}`)
    return undefined
  }
}

async function holdOnce(turn: number): Promise<Hold> {
  const lock = await holdfast.lock('e2e/lock').acquire({ signal: ending.signal })
  const startNs = process.hrtime.bigint()
  const written = await act(lock, turn)
  const endNs = process.hrtime.bigint()
  const lost = lock.signal.aborted
  await lock.release()
  return { client: Number(client), token: lock.fencingToken, startNs, endNs, lost, written }
}

/** Asked anew each time: it changes while the client waits. */
const isEnding = (): boolean => ending.signal.aborted

for (let turn = 0; !isEnding(); turn++) {
  try {
    console.log(encodeHold(await holdOnce(turn)))
  } catch (error) {
    if (!isEnding()) console.error(`client ${client}: ${String(error)}`)
  }
}
await holdfast.close()
process.stdin.destroy()
