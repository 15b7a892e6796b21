/** Stands for election, and leads for as long as it is let. */

import { once } from 'node:events'
import { connect } from '@holdfast/client'
import { endOfInput, report } from './worker.js'

const [label = '', ...endpoints] = process.argv.slice(2)
const holdfast = connect({ endpoints, label, sessionTtlSeconds: 4 })
const ended = endOfInput()

await holdfast.election('demo/leader').lead(
  async ({ signal, fencingToken, proclaim }) => {
    await proclaim(label)
    report('leads', { token: fencingToken })
    if (!signal.aborted) await once(signal, 'abort')
    report('stepped down', { token: fencingToken })
  },
  { signal: ended },
)
await holdfast.close()
