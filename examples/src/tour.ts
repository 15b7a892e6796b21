/**
 * The tour of README.md, as one program; its snippets are parts of this file.
 *
 *   node examples/dist/tour.js [ENDPOINT...]
 */

import { setTimeout as delay } from 'node:timers/promises'
import { connect, op, type Message } from '@holdfast/client'
import { localCluster } from './local-cluster.js'

await using cluster = await localCluster()

// One client for the whole process. Nothing is sent before it is used.
const holdfast = connect({ endpoints: cluster.endpoints, label: 'tour' })

// A lock: waits in arrival order, here for at most 5 seconds, and is released when the work ends.
await holdfast.lock('invoices/42').run(
  ({ signal, fencingToken }) => {
    signal.throwIfAborted() // `signal` aborts when the lock is lost: stop working then
    console.log(`working under token ${fencingToken}`)
  },
  { timeoutMs: 5_000 },
)

// The same, released at the end of the block.
{
  await using lock = await holdfast.lock('invoices/42').acquire({ timeoutMs: 5_000 })
  // The guard makes the transaction do nothing unless the lock is still held.
  const { succeeded } = await holdfast.txn({
    if: [lock.guard()],
    then: [op.put('invoices/42/state', 'sent')],
  })
  console.log(succeeded ? 'written' : 'not written: the lock was lost')
}

// Leadership: the worker leads until it returns, so it stays until its signal aborts.
const shutdown = new AbortController()
await holdfast.election('report-worker').lead(
  async ({ signal, proclaim }) => {
    await proclaim('http://10.0.0.7:8080') // what others see of the leader
    for (let report = 1; !signal.aborted; report++) {
      console.log(`the leader writes report ${report}`)
      await delay(50)
      if (report === 3) shutdown.abort() // a service does this on SIGTERM
    }
  },
  { signal: shutdown.signal },
)

// A queue: what a crashed consumer held is delivered again, in its place.
interface Email {
  readonly to: string
}
const emails = holdfast.queue<Email>('tour/emails', { maxAttempts: 5 })
await emails.push({ to: 'ada@example.com' })
await emails.push({ to: 'grace@example.com' }, { priority: 1 }) // before those of priority 0
await emails.push({ to: 'radia@example.com' }, { delayMs: 500 }) // not before then
await emails.push({ to: 'leslie@example.com' }, { dedupeId: 'welcome/leslie' })
await emails.push({ to: 'leslie@example.com' }, { dedupeId: 'welcome/leslie' }) // adds nothing

const sent = new Set<string>()
const allSent = new AbortController()

async function send({ value, signal, ack, nack }: Message<Email>): Promise<void> {
  try {
    await delay(20, undefined, { signal }) // the sending
    await ack() // until then it is delivered again if this process dies
    sent.add(value.to)
  } catch {
    await nack() // delivered again at once, 5 times in all; then it is a dead letter
  }
  if (sent.size === 4) allSent.abort() // ends the loop; a service does it on SIGTERM
}

// Not awaited in the loop, so that up to 8 are worked on at a time; then the loop waits.
const sending = new Set<Promise<void>>()
for await (const message of emails.consume({ concurrency: 8, signal: allSent.signal })) {
  const one = send(message).finally(() => sending.delete(one))
  sending.add(one)
}
await Promise.all(sending)
console.log(`sent to ${[...sent].join(', ')}`)

// The store underneath. A watch goes on by itself after any break, and misses nothing.
const watch = holdfast.watch({ prefix: 'config/' })
await watch.ready() // everything that is written from here on is seen
await holdfast.kv.put('config/rate', '10')
for await (const { revision, events } of watch) {
  for (const { type, entry } of events) console.log(revision, type, entry.key, entry.text())
  break // also ends the watch
}

await holdfast.close() // gives everything back
