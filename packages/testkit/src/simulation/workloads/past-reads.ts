/** Reads what was, down to the last revision that is not compacted, and not one below (etcd §8.39). */

import { CompactedError } from '@holdfast/client'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'
import { isSameValue } from '../same-value.js'
import { keyValueOf } from '../../workload/run-kv.js'

const PREFIXES = ['k/', 'edge/', '']
const NEAR = 30

export async function readThePast(process: ClientProcess): Promise<void> {
  const { name, client, chance, records } = process
  const { states } = records
  const prefix = chance.pick(PREFIXES)
  const before = states.compactRevision
  const revision = pickRevision(process)
  try {
    const { entries } = await client.kv.range({ prefix }, { revision })
    check(revision >= before, `${name} read ${revision}, and ${before} was compacted before`)
    const [read, known] = [entries.map(keyValueOf), states.entriesAt(revision, prefix)]
    check(
      isSameValue(read, known),
      `${name} read ${prefix}* at ${revision}: ${JSON.stringify(read)}, not ${JSON.stringify(known)}`,
    )
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error
    check(
      revision < states.compactRevision,
      `${name} could not read ${revision}, and only ${states.compactRevision} is compacted`,
    )
  }
}

function pickRevision({ chance, records }: ClientProcess): number {
  const { revision, compactRevision } = records.states
  const first = Math.max(1, compactRevision)
  if (chance.happens(0.4)) return first
  const from = Math.max(first - 1, revision - NEAR, 1)
  return from + chance.below(revision - from + 1)
}
