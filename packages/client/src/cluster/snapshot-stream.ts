/** A copy of a member's store, as it comes over the wire (etcd: clientv3 Maintenance.Snapshot). */

import { HoldfastError, JsonSplitter, routes, type SnapshotResponse } from '@holdfast/protocol'
import { refusalOfStream } from '../rpc/refusal.js'
import { readMessage, understood } from '../rpc/route.js'
import type { Rpc } from '../rpc/rpc.js'
import { orAbort, type Scope } from '../time/scope.js'

const SUM_BYTES = 32
/** So long may a member make its copy, or say nothing in between. */
const MAX_SILENCE_MS = 60_000

/** The scope's end is the stream's, and so is its reader's. @throws {HoldfastError} */
export async function* snapshotStream(
  rpc: Rpc,
  endpoint: string,
  scope: Scope,
): AsyncGenerator<Uint8Array, void> {
  let lastBytes = 0
  for await (const { blob } of messages(rpc, endpoint, scope)) {
    lastBytes = blob.byteLength
    yield blob
  }
  // A copy that a proxy cut short would otherwise look like a short one.
  if (lastBytes !== SUM_BYTES) throw incomplete(endpoint)
}

async function* messages(
  rpc: Rpc,
  endpoint: string,
  scope: Scope,
): AsyncGenerator<SnapshotResponse, void> {
  const within = <Result>(work: Promise<Result>): Promise<Result> =>
    unlessSilent(rpc, endpoint, scope, work)
  const { path } = routes.snapshot
  // What is left of a cluster is the first thing that one wants a copy of.
  const open = rpc.open(endpoint, path, '{}', { scope, withoutLeader: true })
  const { status, chunks: body } = await within(open)
  const chunks = body[Symbol.asyncIterator]()
  try {
    if (status !== 200) throw await within(refusalOfStream(endpoint, status, chunks))
    yield* messagesIn(endpoint, () => within(chunks.next()))
  } finally {
    // A reader who leaves early must not keep the connection, and with it the member's copy.
    void chunks.return?.().catch(() => undefined)
  }
}

async function* messagesIn(
  endpoint: string,
  next: () => Promise<IteratorResult<Uint8Array>>,
): AsyncGenerator<SnapshotResponse, void> {
  const splitter = new JsonSplitter()
  let remainingBytes = -1
  for (;;) {
    const chunk = await next()
    if (chunk.done === true) break
    for (const json of understood(endpoint, () => splitter.push(chunk.value))) {
      const message = readMessage(routes.snapshot, endpoint, json)
      remainingBytes = message.remainingBytes
      yield message
    }
    understood(endpoint, () => splitter.check())
  }
  if (remainingBytes !== 0) throw incomplete(endpoint)
}

async function unlessSilent<Result>(
  rpc: Rpc,
  endpoint: string,
  scope: Scope,
  work: Promise<Result>,
): Promise<Result> {
  const silent = new HoldfastError('connectionFailed', `the snapshot of ${endpoint} has stopped`, {
    retryable: true,
  })
  const cancel = rpc.clock.schedule(MAX_SILENCE_MS, () => scope.abort(silent))
  try {
    return await orAbort(work, scope.signal)
  } finally {
    cancel()
  }
}

function incomplete(endpoint: string): HoldfastError {
  return new HoldfastError('connectionFailed', `the snapshot of ${endpoint} ended early`, {
    retryable: true,
  })
}
