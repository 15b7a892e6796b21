/**
 * Alarms (etcd §8.40): a member says that the whole cluster must take nothing more, until somebody
 * takes that back. They are replicated, so that all members refuse the same commands.
 */

import type { Alarm, AlarmCommand, AlarmType, Command } from './command.js'
import { grows } from './growth.js'
import { Refusal, type CommandResult } from './outcome.js'
import type { RevisionWriter } from './revision-writer.js'

/** @throws Refusal `noSpace` or `corrupt`, while there is such an alarm that concerns the command */
export function checkAlarms(alarms: readonly Alarm[], command: Command): void {
  if (alarms.length === 0) return
  const isRaised = (type: AlarmType): boolean => alarms.some((alarm) => alarm.type === type)
  if (isRaised('CORRUPT') && touchesKeys(command)) throw new Refusal('corrupt')
  if (isRaised('NOSPACE') && grows(command)) throw new Refusal('noSpace')
}

/** What it changed, nothing if all is as before (etcd: AlarmStore.Activate, Deactivate). */
export function changeAlarm(
  { store, revision }: RevisionWriter,
  { action, alarm }: AlarmCommand,
): Extract<CommandResult, { type: 'alarm' }> {
  const { alarms } = store
  const isRaised = alarms
    .all()
    .some(({ memberId, type }) => memberId === alarm.memberId && type === alarm.type)
  if (action === 'raise' && !isRaised) alarms.add(alarm)
  if (action === 'disarm' && isRaised) alarms.remove(alarm)
  return { type: 'alarm', revision, alarms: action === 'raise' || isRaised ? [alarm] : [] }
}

/** A store that may be wrong is left as it is, to be looked at. */
function touchesKeys({ type }: Command): boolean {
  switch (type) {
    case 'kv':
    case 'compact':
    case 'leaseGrant':
    case 'leaseRevoke':
    case 'leaseExpire':
      return true
    case 'alarm':
    case 'leaseCheckpoint':
    case 'publishMember':
      return false
  }
}
