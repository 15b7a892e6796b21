/** Takes one lock again and again, and holds it for a moment. */

import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@holdfast/client'
import { endOfInput, report } from './worker.js'

const [label = '', ...endpoints] = process.argv.slice(2)
const holdfast = connect({ endpoints, label, sessionTtlSeconds: 5 })
const signal = endOfInput()

/** Asked anew each time: it changes while the worker waits. */
const isEnding = (): boolean => signal.aborted

while (!isEnding()) {
  try {
    const lock = await holdfast.lock('demo/lock').acquire({ signal })
    report('granted', { token: lock.fencingToken })
    await delay(60, undefined, { signal: lock.signal }).catch(() => undefined)
    report(lock.signal.aborted ? 'lost' : 'released', { token: lock.fencingToken })
    await lock.release()
  } catch (error) {
    if (!isEnding()) throw error
  }
}
await holdfast.close()
