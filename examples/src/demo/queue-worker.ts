/** Consumes jobs, a few at a time, and acknowledges each when it is done. */

import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@holdfast/client'
import { endOfInput, report } from './worker.js'

const [label = '', ...endpoints] = process.argv.slice(2)
const holdfast = connect({ endpoints, label, sessionTtlSeconds: 3 })
const signal = endOfInput()

try {
  for await (const message of holdfast
    .queue<number>('demo/jobs')
    .consume({ concurrency: 2, signal })) {
    report('took', { job: message.body, attempt: message.attempt })
    await delay(25)
    await message.ack()
    report('done', { job: message.body })
  }
} catch (error) {
  if (!signal.aborted) throw error
}
await holdfast.close()
