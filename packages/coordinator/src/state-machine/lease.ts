/**
 * Leases as the log sees them (etcd §8.25–29, catalogue 72–73): granted, revoked, expired. Time is
 * not here: the leader counts it and proposes the expiry, which is void unless the entry is of the
 * very term in which the leader saw it, because a later leader has armed the lease anew, and unless
 * the lease is the very one: its id may have been revoked and granted again meanwhile.
 */

import type { Command } from './command.js'
import { Refusal, type CommandResult } from './outcome.js'
import type { RevisionWriter } from './revision-writer.js'
import type { LeaseChange } from './state-machine.js'
import type { LeaseId } from './operation.js'

type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>

interface LeaseEffect {
  readonly result: CommandResult
  readonly leaseChanges: readonly LeaseChange[]
}

/** More would be longer than a clock can count (etcd: MaxLeaseTTL). */
export const MAX_LEASE_TTL_SECONDS = 9_000_000_000

/** @throws Refusal `leaseTtlTooLarge` or `leaseExists` */
export function grantLease(
  writer: RevisionWriter,
  { id, ttlSeconds }: CommandOf<'leaseGrant'>,
  grantedIndex: number,
): LeaseEffect {
  const { leases } = writer.store
  if (ttlSeconds > MAX_LEASE_TTL_SECONDS) throw new Refusal('leaseTtlTooLarge')
  if (leases.find(id) !== undefined) throw new Refusal('leaseExists')
  const lease = { id, ttlSeconds, grantedIndex }
  leases.add(lease)
  return {
    result: { type: 'leaseGrant', revision: writer.revision, id, ttlSeconds },
    leaseChanges: [{ type: 'granted', lease }],
  }
}

/** @throws Refusal `leaseNotFound` */
export function revokeLease(writer: RevisionWriter, { id }: CommandOf<'leaseRevoke'>): LeaseEffect {
  if (writer.store.leases.find(id) === undefined) throw new Refusal('leaseNotFound')
  endLease(writer, id)
  return {
    result: { type: 'leaseRevoke', revision: writer.revision },
    leaseChanges: [{ type: 'ended', id }],
  }
}

export function expireLease(
  writer: RevisionWriter,
  command: CommandOf<'leaseExpire'>,
  entryTerm: number,
): LeaseEffect {
  const { id, term, grantedIndex } = command
  const isVoid = term !== entryTerm || writer.store.leases.find(id)?.grantedIndex !== grantedIndex
  if (!isVoid) endLease(writer, id)
  return {
    result: { type: 'leaseExpire', revision: writer.revision, void: isVoid },
    leaseChanges: isVoid ? [] : [{ type: 'ended', id }],
  }
}

/** It takes no revision, and nobody who reads can tell. */
export function checkpointLeases(
  { store, revision }: RevisionWriter,
  { term, checkpoints }: CommandOf<'leaseCheckpoint'>,
  entryTerm: number,
): LeaseEffect {
  const { leases } = store
  const isVoid = term !== entryTerm
  const leaseChanges: LeaseChange[] = []
  for (const { id, grantedIndex, remainingSeconds } of isVoid ? [] : checkpoints) {
    const lease = leases.find(id)
    if (lease?.grantedIndex !== grantedIndex) continue
    leases.checkpoint(id, remainingSeconds)
    const { ttlSeconds } = lease
    const left = remainingSeconds === 0 ? {} : { remainingSeconds }
    leaseChanges.push({ type: 'checkpointed', lease: { id, ttlSeconds, grantedIndex, ...left } })
  }
  return { result: { type: 'leaseCheckpoint', revision, void: isVoid }, leaseChanges }
}

/** Deletes the lease's keys in byte order, in one revision, and the lease. */
function endLease(writer: RevisionWriter, id: LeaseId): void {
  for (const live of writer.store.leases.keysOf(id)) writer.delete(live)
  writer.store.leases.remove(id)
}
