/**
 * What anybody applies is on the disks of a majority of the membership that is in force there: no
 * crash of a minority, nor of everybody, can lose it (Raft §5.3; catalogue 16, 29).
 */

import { encodeMembership, type Membership } from '@holdfast/raft'
import { check } from '../check.js'
import type { Ledger, LedgerEntry } from '../ledger.js'
import type { SimulatedMember } from '../simulated-member.js'

export class CommittedIsDurable {
  readonly #members: () => readonly SimulatedMember[]

  constructor(ledger: Ledger, members: () => readonly SimulatedMember[]) {
    this.#members = members
    ledger.listen((entry) => this.#onCommitted(entry))
  }

  #onCommitted({ index, term }: LedgerEntry): void {
    const members = this.#members()
    const holders = members.filter(({ disk }) => holds(disk.log, index, term))
    const ids = new Set(holders.map(({ id }) => id))
    // Members may not all know yet of a change; the entry is committed by one that one of them knows.
    const isEnough = membershipsOf(members).some(
      ({ voters }) => voters.filter((id) => ids.has(id)).length > voters.length / 2,
    )
    check(isEnough, `entry ${index} is applied, but only on the disks of ${[...ids].join(', ')}`)
  }
}

function holds(log: SimulatedMember['disk']['log'], index: number, term: number): boolean {
  return index <= log.start.index || log.at(index)?.term === term
}

/** A change is in force from the moment at which it is in a leader's log, on a disk or not (§4.1). */
function membershipsOf(members: readonly SimulatedMember[]): readonly Membership[] {
  const known = new Map<string, Membership>()
  const add = (membership: Membership): void => {
    known.set(Buffer.from(encodeMembership(membership)).toString('latin1'), membership)
  }
  for (const { disk, member } of members) {
    for (const { membership } of disk.log.memberships().slice(-2)) add(membership)
    if (member !== undefined) add(member.node.membership)
  }
  return [...known.values()]
}
