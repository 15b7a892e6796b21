/** What a queue holds in the end is what it was given and nobody has taken out (Jepsen: total-queue). */

import type { Holdfast } from '@holdfast/client'
import { check } from '../check.js'
import { MAX_ATTEMPTS, QUEUE } from '../workloads/queue.js'
import type { QueueItems } from './queue-items.js'

const LOOK_EVERY_MS = 500

/** Resolves when no claim is left; those of processes that were killed end with their sessions. */
export async function checkQueueContent(
  client: Holdfast,
  items: QueueItems,
  pause: (delayMs: number) => Promise<void>,
): Promise<void> {
  const queue = client.queue(QUEUE, { maxAttempts: MAX_ATTEMPTS })
  while ((await queue.stats()).claimed > 0) await pause(LOOK_EVERY_MS)
  const { entries } = await client.kv.getAll({ prefix: `${QUEUE}/` })
  const idsBelow = (part: string): readonly string[] =>
    entries
      .map(({ key }) => key)
      .filter((key) => key.startsWith(`${QUEUE}/${part}/`))
      .map((key) => key.slice(`${QUEUE}/${part}/`.length))
  // An item's key ends with its id, and all bodies have one.
  const bodies = entries.filter(({ key }) => key.startsWith(`${QUEUE}/body/`))
  const ids = bodies.map(({ key }) => key.slice(`${QUEUE}/body/`.length))
  const places = idsBelow('item')
  check(
    ids.length === places.length && ids.every((id) => places.some((place) => place.endsWith(id))),
    `the queue holds ${places.length} items and the content of ${ids.length}`,
  )
  check(idsBelow('dead').length === 0, 'an item was given up that nobody failed to read')
  items.checkContent(bodies.map((body) => (JSON.parse(body.text()) as { value: string }).value))
  const stats = await queue.stats()
  check(stats.items === places.length, 'the queue counts other items than it has')
}
