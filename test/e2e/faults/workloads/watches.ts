/**
 * Watches (catalogue 75 to 78; etcd's robustness tests): of everything and of parts, with filters, each on
 * one member over the wire; and by the SDK's clients, which go on where they can. They write nothing:
 * what they are told of is the work of the others. Each covers the last key, so that it knows its end.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/client'
import type { WatchRecord } from '@holdfast/testkit'
import { toChange } from '../member-history.js'
import { LAST_KEY, type Workload, type WorkloadContext } from '../workload.js'
import type { WatchWish } from '../../watch-message.js'
import { WireWatcher } from '../wire-watcher.js'

const EVERYTHING = { key: '\0', rangeEnd: '\0' }
/** From the last key on to those of the transactions. */
const SOME = { key: LAST_KEY, rangeEnd: 'c' }
const ROAMING = 2

export const watches: Workload = {
  name: 'watches',
  isObserver: true,
  run: async (context) => {
    const wires = context.endpoints.flatMap((endpoint, member) =>
      wishesOf(member).map((wish) => new WireWatcher(endpoint, wish).run(context.givenUp)),
    )
    const roaming = Array.from({ length: ROAMING }, (_, first) => roam(context, first))
    for (const record of await Promise.all([...wires, ...roaming])) context.recorder.add(record)
  },
}

function wishesOf(member: number): readonly WatchWish[] {
  const process = `watcher${member}`
  return [
    { process: `${process}-all`, ...EVERYTHING, prevKv: true },
    { process: `${process}-some`, ...SOME, prevKv: false, filters: ['noDelete'] },
  ]
}

/** The SDK resumes by itself, so that all is one stream to whoever reads it. */
async function roam(context: WorkloadContext, first: number): Promise<WatchRecord> {
  const holdfast = context.connect(first)
  // The first member is well at the beginning; whatever comes later is watched.
  const startRevision = (await holdfast.kv.range('nothing', { serializable: true })).revision + 1
  const messages: WatchRecord['streams'][number]['messages'][number][] = []
  let next = startRevision
  for (let isDone = false; !isDone && !context.givenUp.aborted;) {
    try {
      const watch = holdfast.watch(
        { prefix: '' },
        { fromRevision: next, previous: true, signal: context.givenUp },
      )
      for await (const batch of watch) {
        const { events } = toChange(batch)
        messages.push({ type: 'events', revision: batch.revision, events })
        next = batch.revision + 1
        isDone = batch.events.some(({ entry }) => entry.key === LAST_KEY)
        if (isDone) break
      }
    } catch (error) {
      // It gives up after a long outage, and says so.
      if (!(error instanceof HoldfastError) || !error.retryable) throw error
      await delay(100)
    }
  }
  const streams = [{ startRevision, messages }]
  return { kind: 'watch', process: `roamer${first}`, ...EVERYTHING, prevKv: true, streams }
}
