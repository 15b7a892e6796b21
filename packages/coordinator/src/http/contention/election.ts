/** An election, as etcd's server of elections holds it (etcd: concurrency.Election, v3election). */

import { contentionErrors, equalBytes } from '@holdfast/protocol'
import type { KeyValue, LeaseId } from '../../state-machine/operation.js'
import type { EdgeContext } from '../edge-context.js'
import { EdgeError } from '../edge-error.js'
import { ifCreatedAt, put, read, remove } from './operations.js'
import { changes, commit, readNow } from './store.js'
import { below, firstInLine, leaseFor, linePrefix, placeOf, waitForTurn } from './waiting-line.js'

const NOTHING = new Uint8Array(0)

/** By what a leader is known. */
export interface Leadership {
  readonly key: Uint8Array
  /** The create revision of the key. */
  readonly rev: number
  readonly lease: LeaseId
}

/**
 * Resolves when the candidate leads. Who gives up leaves the line, whatever the reason is (etcd
 * leaves the key there unless the client has gone: etcd #21128).
 * @throws {EdgeError} `election: not leader` when the lease has ended in the meantime
 */
export async function campaign(
  context: EdgeContext,
  name: Uint8Array,
  candidate: {
    readonly lease: LeaseId
    readonly value: Uint8Array
    readonly signal: AbortSignal
  },
): Promise<Leadership & { readonly revision: number }> {
  const { value, signal } = candidate
  const lease = await leaseFor(context, candidate.lease)
  const key = placeOf(name, lease)
  const joined = await commit(
    context,
    ifCreatedAt(key, 0, { then: [put(key, value, lease)], otherwise: [read(key)] }),
  )
  const own = ownKey(joined.responses[0])
  const rev = own?.createRevision ?? joined.revision
  const leadership = { key, rev, lease }
  try {
    if (own !== undefined && !equalBytes(own.value, value)) {
      await proclaim(context, leadership, value)
    }
    await waitForTurn(context, name, { createRevision: rev, signal })
    const { kvs } = await readNow(context, read(key, { keysOnly: true }))
    if (kvs[0]?.createRevision !== rev) throw new EdgeError(contentionErrors.notLeader)
  } catch (error) {
    await resign(context, leadership)
    throw error
  }
  return { ...leadership, revision: joined.revision }
}

type Response = Awaited<ReturnType<typeof commit>>['responses'][number] | undefined

/** What was there already, if anything was. */
function ownKey(response: Response): KeyValue | undefined {
  return response?.type === 'range' ? response.kvs[0] : undefined
}

/** @returns the revision at which it holds. @throws {EdgeError} `election: not leader` */
export async function proclaim(
  context: EdgeContext,
  { key, rev, lease }: Leadership,
  value: Uint8Array,
): Promise<number> {
  const session = await leaseFor(context, lease)
  const change = ifCreatedAt(key, rev, { then: [put(key, value, session)] })
  const { succeeded, revision } = await commit(context, change)
  if (!succeeded) throw new EdgeError(contentionErrors.notLeader)
  return revision
}

/** Who does not lead any more has nothing to give up, and that is no error. */
export async function resign(
  context: EdgeContext,
  { key, rev }: Pick<Leadership, 'key' | 'rev'>,
): Promise<number> {
  const { revision } = await commit(context, ifCreatedAt(key, rev, { then: [remove(key)] }))
  return revision
}

export interface Proclamation {
  readonly kv: KeyValue
  readonly revision: number
}

/** @throws {EdgeError} `election: no leader` */
export async function leaderOf(context: EdgeContext, name: Uint8Array): Promise<Proclamation> {
  const { first: kv, revision } = await firstInLine(context, name)
  if (kv === undefined) throw new EdgeError(contentionErrors.noLeader)
  return { kv, revision }
}

/** What leaders proclaim, from now on. Never that there is none (etcd §8.44). */
export async function* observe(
  context: EdgeContext,
  name: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<Proclamation> {
  for (;;) {
    const { first, revision } = await firstInLine(context, name)
    const said =
      first === undefined
        ? await firstToCome(context, name, { afterRevision: revision, signal })
        : { kv: first, revision }
    if (said === undefined) continue
    yield said
    yield* laterWords(context, said, signal)
  }
}

/** Undefined when that cannot be told. */
async function firstToCome(
  context: EdgeContext,
  name: Uint8Array,
  options: { readonly afterRevision: number; readonly signal: AbortSignal },
): Promise<Proclamation | undefined> {
  const keys = { key: linePrefix(name), ...below(name) }
  for await (const change of changes(context, keys, options)) {
    if (change === 'compacted') return undefined
    const { type, kv } = change.event
    if (type === 'put') return { kv, revision: kv.modRevision }
  }
  return undefined
}

/** What this leader says after that, until it goes. */
async function* laterWords(
  context: EdgeContext,
  { kv, revision: afterRevision }: Proclamation,
  signal: AbortSignal,
): AsyncGenerator<Proclamation> {
  const keys = { key: kv.key, rangeEnd: NOTHING }
  for await (const change of changes(context, keys, { afterRevision, signal })) {
    if (change === 'compacted' || change.event.type === 'delete') return
    yield { kv: change.event.kv, revision: change.revision }
  }
}
