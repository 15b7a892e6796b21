/** `/v3/lock` and `/v3/election`: locks and elections for clients that would rather not hold them. */

import {
  contentionErrors,
  etcdErrors,
  type CampaignRequest,
  type InputOf,
  type LeaderKey,
  type LeaderRequest,
  type LockRequest,
  type ProclaimRequest,
  type ResignRequest,
  type routes,
  type UnlockRequest,
} from '@holdfast/protocol'
import type { Call } from '../call.js'
import { asClient, withoutCode } from '../contention/as-client.js'
import * as election from '../contention/election.js'
import { acquire } from '../contention/mutex.js'
import { responseHeader, type EdgeContext } from '../edge-context.js'
import { EdgeError } from '../edge-error.js'
import { deleteRange } from './kv.js'

type Answer<Name extends keyof typeof routes> = InputOf<(typeof routes)[Name]['response']>

export async function lock(
  context: EdgeContext,
  { name, lease }: LockRequest,
  { signal }: Call,
): Promise<Answer<'lock'>> {
  const { key, revision } = await asClient(acquire(context, name, { lease, signal }))
  return { header: responseHeader(context, revision), key }
}

/** Whoever asks: no ownership is looked at, and an unknown key is no error (etcd §8.43). */
export async function unlock(
  context: EdgeContext,
  { key }: UnlockRequest,
  call: Call,
): Promise<Answer<'unlock'>> {
  const wanted = { key, rangeEnd: new Uint8Array(0), prevKv: false }
  const { header } = await asClient(deleteRange(context, wanted, call))
  return { header }
}

export async function campaign(
  context: EdgeContext,
  { name, lease, value }: CampaignRequest,
  { signal }: Call,
): Promise<Answer<'campaign'>> {
  const candidate = { lease, value, signal }
  const { revision, ...leadership } = await asClient(election.campaign(context, name, candidate))
  return { header: responseHeader(context, revision), leader: { name, ...leadership } }
}

export async function proclaim(
  context: EdgeContext,
  { leader: shown, value }: ProclaimRequest,
): Promise<Answer<'proclaim'>> {
  const revision = await asClient(election.proclaim(context, required(shown), value))
  return { header: responseHeader(context, revision) }
}

export async function resign(
  context: EdgeContext,
  { leader: shown }: ResignRequest,
): Promise<Answer<'resign'>> {
  const revision = await asClient(election.resign(context, required(shown)))
  return { header: responseHeader(context, revision) }
}

export async function leader(
  context: EdgeContext,
  { name }: LeaderRequest,
): Promise<Answer<'leader'>> {
  const { kv, revision } = await asClient(election.leaderOf(context, name))
  return { header: responseHeader(context, revision), kv }
}

export async function* observe(
  context: EdgeContext,
  { name }: LeaderRequest,
  signal: AbortSignal,
): AsyncGenerator<Answer<'observe'>> {
  try {
    for await (const { kv, revision } of election.observe(context, name, signal)) {
      yield { header: responseHeader(context, revision), kv }
    }
  } catch (error) {
    throw withoutCode(error)
  }
}

/** @throws what etcd's own client is told when it compares what has no name */
function required(shown: LeaderKey | undefined): LeaderKey {
  if (shown === undefined) throw new EdgeError(contentionErrors.missingLeader)
  if (shown.key.length === 0) throw withoutCode(new EdgeError(etcdErrors.emptyKey))
  return shown
}
