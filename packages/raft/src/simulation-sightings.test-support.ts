/**
 * What a run has come by: a tester that never reaches the rare states proves nothing about them
 * (FoundationDB and Antithesis: "sometimes" assertions).
 */

/** What each counter counts. */
export const SIGHTINGS = {
  elections: 'somebody was elected',
  splitBrains: 'a leader was elected while another still believed to lead',
  truncations: 'entries were truncated',
  acknowledgedTruncations: 'an entry was truncated that its holder had acknowledged',
  truncationsInFlight: 'entries were truncated while writes were under way (ABA)',
  truncatedMemberships: 'a change of the membership was truncated',
  memberships: 'a change of the membership was committed',
  changesAtElection: 'somebody was elected with an uncommitted change in the log',
  retirements: 'a leader was removed and went',
  snapshots: 'a snapshot was installed',
  snapshotStates: 'a leader had a follower in need of a snapshot',
  snapshotsOverConflict: 'a snapshot took the place of a tail that contradicted it',
  needlessSnapshots: 'a snapshot came to a member that held its last entry',
  reads: 'a read was answered',
  droppedReads: 'a read was dropped',
  readsAtStepDown: 'a leader stepped down with reads of its own waiting',
  votesRefusedForLog: 'a vote was refused to a log that was behind',
  transfersUnderPartition: 'a transfer began while the network was parted',
  stepDownsWithoutQuorum: 'CheckQuorum ended a leadership',
  depositions: 'a leader heard of a later term',
  commitsBeforeOwnDisk: 'a leader committed what its own disk did not hold (thesis §10.2.1)',
  commitsOfOlderTerms: 'a leader committed entries of an older term with its own',
  crashesWhileWriting: 'a member crashed with writes under way',
  crossedTerms: 'a member was handed messages of two terms between two Readys',
  lateMessages: 'a message arrived that had been held back',
} as const

export type Sighting = keyof typeof SIGHTINGS
export type Sightings = Record<Sighting, number>

export function noSightings(): Sightings {
  return Object.fromEntries(Object.keys(SIGHTINGS).map((name) => [name, 0])) as Sightings
}

export function addSightings(totals: Sightings, seen: Sightings): void {
  for (const name of Object.keys(seen) as Sighting[]) totals[name] += seen[name]
}
