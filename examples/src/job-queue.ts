/**
 * Jobs for several workers: first in, first out, each acknowledged when it is done. A job whose
 * worker fails is delivered again, in its place; after three attempts it is set aside.
 *
 *   node examples/dist/job-queue.js [ENDPOINT...]
 */

import { connect } from '@holdfast/client'
import { localCluster } from './local-cluster.js'

interface Email {
  readonly to: string
}

const RECIPIENTS = ['ada', 'barbara', 'edsger', 'grace', 'leslie', 'radia']

await using cluster = await localCluster()
const holdfast = connect({ endpoints: cluster.endpoints })
const emails = holdfast.queue<Email>('examples/job-queue', { maxAttempts: 3 })
for (const name of RECIPIENTS) await emails.push({ to: `${name}@example.com` })

const sent = new Set<string>()
const allSent = new AbortController()

async function worker(name: string): Promise<void> {
  for await (const message of emails.consume({ concurrency: 2, signal: allSent.signal })) {
    const { to } = message.value
    if (to.startsWith('grace') && message.attempts === 1) {
      console.log(`${name} fails to send to ${to}, attempt ${message.attempts}`)
      await message.nack()
      continue
    }
    await message.ack()
    console.log(`${name} sent to ${to}, attempt ${message.attempts}`)
    sent.add(to)
    if (sent.size === RECIPIENTS.length) allSent.abort()
  }
}

await Promise.all(['worker-1', 'worker-2'].map((name) => worker(name)))
await holdfast.close()
console.log(`${sent.size} emails sent`)
