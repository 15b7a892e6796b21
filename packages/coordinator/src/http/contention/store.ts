/** The store, as the servers of locks and elections use it: like any client of this member. */

import type { RangeOperation, TxnOperation } from '../../state-machine/operation.js'
import type { RangeResult, StoreEvent, TxnResult } from '../../state-machine/outcome.js'
import type { Watcher, WatchMessage } from '../../watch/watcher.js'
import { requestTimeoutMs, type EdgeContext } from '../edge-context.js'
import { EdgeError } from '../edge-error.js'
import { proposeFor } from '../routes/kv.js'

export async function commit(context: EdgeContext, operation: TxnOperation): Promise<TxnResult> {
  return proposeFor(context, 'txn', { type: 'kv', operation }, undefined)
}

/** Linearizable. */
export async function readNow(
  context: EdgeContext,
  operation: RangeOperation,
): Promise<RangeResult> {
  await context.node.readBarrier(requestTimeoutMs(context))
  return context.node.state.range(operation)
}

export interface KeyEvent {
  readonly event: StoreEvent
  /** Of the message that told of it. */
  readonly revision: number
}

/**
 * What happens to the keys of an interval after `revision`, one event at a time, and `compacted` when
 * that can no longer be told. Whoever stops reading stops the watch.
 * @throws {EdgeError} `context canceled` when the signal is aborted
 */
export async function* changes(
  context: EdgeContext,
  keys: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array },
  options: { readonly afterRevision: number; readonly signal: AbortSignal },
): AsyncGenerator<KeyEvent | 'compacted'> {
  const { afterRevision, signal } = options
  const told: WatchMessage[] = []
  let wake = (): void => undefined
  const request = {
    ...keys,
    startRevision: afterRevision + 1,
    ...{ prevKv: false, progressNotify: false, skipPuts: false, skipDeletes: false },
  }
  const watcher: Watcher = context.hub.create(request, {
    // One message at a time: what follows waits in the store, not here.
    get writable() {
      return told.length === 0
    },
    send(message) {
      told.push(message)
      wake()
    },
  })
  const onAbort = (): void => wake()
  signal.addEventListener('abort', onAbort)
  try {
    for (;;) {
      if (signal.aborted) throw new EdgeError({ code: 1, message: 'context canceled' })
      const message = told.shift()
      if (message === undefined) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      context.hub.resume(watcher)
      if (message.type === 'compacted') yield 'compacted'
      if (message.type !== 'events') continue
      for (const { event } of message.events) yield { event, revision: message.revision }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    context.hub.cancel(watcher)
  }
}
