/** A lock, as etcd's server of locks holds it (etcd: concurrency.Mutex, v3lock). */

import { contentionErrors } from '@holdfast/protocol'
import type { LeaseId } from '../../state-machine/operation.js'
import type { EdgeContext } from '../edge-context.js'
import { EdgeError } from '../edge-error.js'
import { ifCreatedAt, put, read, remove } from './operations.js'
import { commit, readNow } from './store.js'
import { firstOf, leaseFor, placeOf, waitForTurn } from './waiting-line.js'

const NO_VALUE = new Uint8Array(0)

export interface HeldLock {
  readonly key: Uint8Array
  readonly revision: number
}

/**
 * Resolves when the lock is held. Who gives up leaves the line.
 * @throws {EdgeError} `mutex: session is expired` when the lease has ended in the meantime
 */
export async function acquire(
  context: EdgeContext,
  name: Uint8Array,
  { lease, signal }: { readonly lease: LeaseId; readonly signal: AbortSignal },
): Promise<HeldLock> {
  const session = await leaseFor(context, lease)
  const key = placeOf(name, session)
  const joined = await commit(
    context,
    ifCreatedAt(key, 0, {
      then: [put(key, NO_VALUE, session), firstOf(name)],
      otherwise: [read(key), firstOf(name)],
    }),
  )
  const [own, owner] = joined.responses
  const createRevision = joined.succeeded ? joined.revision : createRevisionIn(own)
  if (createRevisionIn(owner) === createRevision) return { key, revision: joined.revision }
  try {
    await waitForTurn(context, name, { createRevision, signal })
    const { kvs, revision } = await readNow(context, read(key))
    // Another holder of this lease may have let it go and come again, at the end of the line (etcd #11456).
    if (kvs[0]?.createRevision === createRevision) return { key, revision }
  } catch (error) {
    await commit(context, ifCreatedAt(key, createRevision, { then: [remove(key)] }))
    throw error
  }
  throw new EdgeError(contentionErrors.sessionExpired)
}

type Response = Awaited<ReturnType<typeof commit>>['responses'][number] | undefined

function createRevisionIn(response: Response): number {
  return response?.type === 'range' ? (response.kvs[0]?.createRevision ?? 0) : 0
}
