/** `/v3/maintenance`: how this member fares, and what an operator does about it. */

import {
  etcdErrors,
  type AlarmRequest,
  type DowngradeRequest,
  type HashKvRequest,
  type InputOf,
  type routes,
} from '@holdfast/protocol'
import type { Alarm } from '../../state-machine/command.js'
import type { Call } from '../call.js'
import { EdgeError } from '../edge-error.js'
import { requestTimeoutMs, responseHeader, type EdgeContext } from '../edge-context.js'
import { isLearner } from '../learner.js'
import { proposeFor } from './kv.js'
import { ETCD_VERSION, STORAGE_VERSION } from './version.js'

type Answer<Name extends keyof typeof routes> = InputOf<(typeof routes)[Name]['response']>

/** Of this member alone, so it is no alarm of the cluster, but writes are refused all the same. */
const SHORT_OF_SPACE = 'the disk is nearly full'

export function status(context: EdgeContext): Answer<'status'> {
  const { node, quota } = context
  const { leaderId, term, commitIndex } = node.status
  return {
    header: responseHeader(context),
    version: ETCD_VERSION,
    dbSize: node.state.sizeBytes,
    dbSizeInUse: node.state.usedBytes,
    leader: leaderId ?? '0',
    raftIndex: commitIndex,
    raftTerm: term,
    raftAppliedIndex: node.state.appliedIndex,
    errors: [
      ...(leaderId === undefined ? [etcdErrors.noLeader.message] : []),
      ...node.state.alarms().map(alarmText),
      ...(node.isShortOfSpace ? [SHORT_OF_SPACE] : []),
    ],
    isLearner: isLearner(context),
    storageVersion: STORAGE_VERSION,
    dbSizeQuota: Number.isFinite(quota.limitBytes) ? quota.limitBytes : 0,
  }
}

/** As etcd prints its message, with the space at its end. */
function alarmText({ memberId, type }: Alarm): string {
  const fields = [
    memberId === '0' ? '' : `memberID:${memberId} `,
    type === 'NONE' ? '' : `alarm:${type} `,
  ]
  return fields.join('')
}

export async function alarm(
  context: EdgeContext,
  { action, memberId, alarm: type }: AlarmRequest,
  { requestId }: Call,
): Promise<Answer<'alarm'>> {
  if (action === 'GET') {
    await context.node.readBarrier(requestTimeoutMs(context))
    const raised = context.node.state.alarms()
    // NONE asks for all of them.
    return { alarms: raised.filter((one) => type === 'NONE' || one.type === type).map(onWire) }
  }
  const changing = action === 'ACTIVATE' ? 'raise' : 'disarm'
  const command = { type: 'alarm', action: changing, alarm: { memberId, type } } as const
  const { alarms } = await proposeFor(context, 'alarm', command, requestId)
  return { alarms: alarms.map(onWire) }
}

function onWire({ memberId, type }: Alarm): { memberId: string; alarm: Alarm['type'] } {
  return { memberId, alarm: type }
}

/** Of this member alone. Unlike etcd, it goes on answering meanwhile. */
export async function defragment({ node }: EdgeContext): Promise<Answer<'defragment'>> {
  await node.upkeep.defragment()
  return {}
}

export async function hash(context: EdgeContext): Promise<Answer<'hash'>> {
  const { hash: sum, revision } = await context.hashes.whole()
  return { header: responseHeader(context, revision), hash: sum }
}

export async function hashKv(
  context: EdgeContext,
  { revision }: HashKvRequest,
): Promise<Answer<'hashKv'>> {
  const { hash: sum, ...at } = await context.hashes.keysUpTo(revision)
  return {
    header: responseHeader(context, at.currentRevision),
    hash: sum,
    compactRevision: at.compactRevision,
    hashRevision: at.revision,
  }
}

/** There is no earlier version of the data that any program reads. */
export function downgrade(_context: EdgeContext, request: DowngradeRequest): never {
  if (request.action === 'CANCEL') throw new EdgeError(etcdErrors.noInflightDowngrade)
  const isVersion = /^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))?$/.test(request.version)
  throw new EdgeError(
    isVersion ? etcdErrors.invalidDowngradeTarget : etcdErrors.wrongDowngradeVersion,
  )
}
