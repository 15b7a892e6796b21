/**
 * Clients that put, delete and change several keys at once, one after the other, and record what they
 * were answered. Every client has keys of its own below one prefix.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@holdfast/client'
import { hasChanged, type KvInput, type KvRecord, type MemberProcess } from '@holdfast/testkit'
import { vi } from 'vitest'
import { Recorder } from './faults/recorder.js'
import { RecordingKv } from './faults/recording-kv.js'

export const PREFIX = 'k/'
export const WRITERS = 3
const KEYS = 5
const TIMEOUT_MS = 3_000
/** Slow enough for a history that grows for a minute. */
const PAUSE_MS = 10

export interface WatchLoad {
  readonly records: readonly KvRecord[]
  /** Resolves when so many more changes have been acknowledged. */
  more(count: number): Promise<void>
  /** Ends all writers, and resolves with the revision of a last change, of a key of each. */
  end(): Promise<number>
}

export function startWatchLoad(members: readonly MemberProcess[]): WatchLoad {
  const recorder = new Recorder()
  const holdfast = connect({ endpoints: members.map(({ clientUrl }) => clientUrl) })
  let acknowledged = 0
  let isOver = false
  const clientOf = (name: string): RecordingKv =>
    new RecordingKv({ holdfast, recorder, name, timeoutMs: TIMEOUT_MS })
  const write = async (writer: number): Promise<void> => {
    const client = clientOf(`writer${writer}`)
    for (let at = 0; !isOver; at += 1) {
      const outcome = await client.run(changeOf(client, writer, at))
      if (outcome.type === 'ok' && hasChanged(outcome.output.response)) acknowledged += 1
      await delay(PAUSE_MS)
    }
  }
  const writing = Array.from({ length: WRITERS }, (_, writer) => write(writer))
  const records = recorder.records as readonly KvRecord[]
  return {
    records,
    more: async (count) => {
      const until = acknowledged + count
      await vi.waitUntil(() => acknowledged >= until, { timeout: 60_000, interval: 10 })
    },
    end: async () => {
      isOver = true
      await Promise.all(writing)
      const last = await clientOf('last').run(lastChange())
      await holdfast.close()
      if (last.type !== 'ok') throw new Error(`the last change: ${last.type}`)
      return last.output.revision
    },
  }
}

function changeOf(client: RecordingKv, writer: number, at: number): KvInput {
  const keyAt = (index: number): string => `${PREFIX}${writer}/${index % KEYS}`
  const put = (index: number): KvInput => ({
    ...{ type: 'put', key: keyAt(index), value: client.uniqueValue() },
  })
  const remove = (index: number): KvInput => ({ type: 'deleteRange', key: keyAt(index) })
  if (at % 4 === 1) return remove(at - 1)
  if (at % 4 !== 3) return put(at)
  const success = [put(at), remove(at + 1), put(at + 2)]
  return { type: 'txn', compares: [], success, failure: [] }
}

/** Whoever watches the keys of any writer is told of it. */
function lastChange(): KvInput {
  const success = Array.from({ length: WRITERS }, (_, writer): KvInput => {
    return { type: 'put', key: `${PREFIX}${writer}/last`, value: 'last' }
  })
  return { type: 'txn', compares: [], success, failure: [] }
}
