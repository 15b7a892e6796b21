/**
 * What members have published of their directories in entries that are not applied here yet. A start
 * does not know which of them are committed, and after a power loss the state is older than the log.
 * They hold all the same: a stamp is durable before it is published. Who waited until they are applied
 * would take votes, and could lead, by the word of a member that has lost its directory.
 */

import type { Entry, MemberId } from '@holdfast/raft'
import { newerStamp, type DirectoryStamp } from './state-machine/directory-stamp.js'
import type { PublishedMember } from './state-machine/command.js'
import { decodeProposal, ProposalFormatError } from './state-machine/proposal-codec.js'
import type { Storage } from './storage/open-storage.js'

/** Read in one go. */
const SLICE_BYTES = 1024 * 1024

export function directoriesInLog({
  log,
  state,
}: Pick<Storage, 'log' | 'state'>): ReadonlyMap<MemberId, DirectoryStamp> {
  const found = new Map<MemberId, DirectoryStamp>()
  const end = log.lastIndex() + 1
  let next = state.appliedIndex + 1
  while (next < end) {
    const entries = log.entries(next, end, SLICE_BYTES)
    for (const { id, directory } of entries.flatMap(publishedIn)) {
      const newer = newerStamp(found.get(id), directory)
      if (newer !== undefined) found.set(id, newer)
    }
    next += entries.length
  }
  return found
}

function publishedIn({ kind, data }: Entry): readonly PublishedMember[] {
  if (kind !== 'command') return []
  try {
    const { command } = decodeProposal(data)
    return command.type === 'publishMember' ? [command.member] : []
  } catch (error) {
    // It may never be committed. If it is, the member stops where it is to be applied.
    if (error instanceof ProposalFormatError) return []
    throw error
  }
}
