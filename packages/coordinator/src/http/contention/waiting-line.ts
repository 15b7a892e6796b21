/**
 * Who wants a lock, or to lead, has a key below one prefix, and its turn comes when no key is left
 * that was created before its own. Each waits for the one before it only, so that an end wakes one
 * (etcd §8.42; etcd: waitDeletes).
 */

import { prefixEnd } from '@holdfast/protocol'
import type { KeyValue, LeaseId } from '../../state-machine/operation.js'
import { NO_LEASE } from '../../state-machine/operation.js'
import type { EdgeContext } from '../edge-context.js'
import { proposeFor } from '../routes/kv.js'
import { read } from './operations.js'
import { changes, readNow } from './store.js'

const NOTHING = new Uint8Array(0)
/** Of a lease that the server grants for want of one: nobody renews it (etcd: defaultSessionTTL). */
const OWN_LEASE_SECONDS = 60

export function linePrefix(name: Uint8Array): Uint8Array {
  return Buffer.concat([name, Buffer.from('/')])
}

/** The key of who comes with this lease: two with one lease share it (etcd #10756). */
export function placeOf(name: Uint8Array, lease: LeaseId): Uint8Array {
  const id = BigInt(lease)
  const hex = id < 0n ? `-${(-id).toString(16)}` : id.toString(16)
  return Buffer.concat([linePrefix(name), Buffer.from(hex)])
}

export async function leaseFor(context: EdgeContext, lease: LeaseId): Promise<LeaseId> {
  if (lease !== NO_LEASE) return lease
  const id = context.drawLeaseId()
  const command = { type: 'leaseGrant', id, ttlSeconds: OWN_LEASE_SECONDS } as const
  return (await proposeFor(context, 'leaseGrant', command, undefined)).id
}

/** Who has come first of those that are there; undefined when nobody is. */
export async function firstInLine(
  context: EdgeContext,
  name: Uint8Array,
): Promise<{ readonly first: KeyValue | undefined; readonly revision: number }> {
  const { kvs, revision } = await readNow(context, firstOf(name))
  return { first: kvs[0], revision }
}

export function firstOf(name: Uint8Array): ReturnType<typeof read> {
  return read(linePrefix(name), {
    ...below(name),
    ...{ sortOrder: 'ascend', sortTarget: 'create', limit: 1 },
  })
}

/** Resolves when nobody is left who came before. @throws {EdgeError} when the signal is aborted */
export async function waitForTurn(
  context: EdgeContext,
  name: Uint8Array,
  { createRevision, signal }: { readonly createRevision: number; readonly signal: AbortSignal },
): Promise<void> {
  const nextBefore = read(linePrefix(name), {
    ...below(name),
    ...{ sortOrder: 'descend', sortTarget: 'create', limit: 1 },
    maxCreateRevision: createRevision - 1,
  })
  for (;;) {
    const { kvs, revision } = await readNow(context, nextBefore)
    const before = kvs[0]
    if (before === undefined) return
    const keys = { key: before.key, rangeEnd: NOTHING }
    for await (const change of changes(context, keys, { afterRevision: revision, signal })) {
      if (change === 'compacted' || change.event.type === 'delete') break
    }
  }
}

export function below(name: Uint8Array): { readonly rangeEnd: Uint8Array } {
  return { rangeEnd: prefixEnd(linePrefix(name)) }
}
