/** Consumes jobs, a few at a time, and acknowledges each when it is done. */

import { setTimeout as delay } from 'node:timers/promises'
import { connect, LockLostError } from '@holdfast/client'
import { endOfInput, report } from './worker.js'

const [label = '', ...endpoints] = process.argv.slice(2)
const holdfast = connect({ endpoints, label, sessionTtlSeconds: 4 })
const signal = endOfInput()

for await (const message of holdfast
  .queue<number>('demo/jobs')
  .consume({ concurrency: 2, signal })) {
  report('took', { job: message.value, attempt: message.attempts })
  await delay(25)
  try {
    await message.ack()
    report('done', { job: message.value })
  } catch (error) {
    // Not this worker's any more: it was held up for longer than its session lives.
    if (!(error instanceof LockLostError)) throw error
    report('lost', { job: message.value })
  }
}
await holdfast.close()
