/** What the hash of the state covers: all that can be read, and nothing that cannot (catalogue 62). */

import { describe, expect, it } from 'vitest'
import type { Command } from '../state-machine/command.js'
import type { StateMachine } from '../state-machine/state-machine.js'
import { deleteRange, kv, put, txn } from '../state-machine/state-machine.test-support.js'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import { openConnection, type Connection } from './connection.js'
import { migrate } from './migrate.js'
import { SqliteStateStore } from './sqlite-state-store.js'
import { STATE_MIGRATIONS } from './state-migrations.js'

interface Member {
  readonly connection: Connection
  readonly machine: StateMachine
}

function newMember(): Member {
  const connection = openConnection(':memory:', 'off')
  migrate(connection, STATE_MIGRATIONS)
  const store = new SqliteStateStore(connection, { path: ':memory:', clusterId: '1' })
  return { connection, machine: createStateMachine(store) }
}

function run({ machine }: Member, ...commands: readonly Command[]): void {
  for (const command of commands) {
    const index = machine.appliedIndex + 1
    const proposal = { origin: '', sequence: index, requestId: undefined, command }
    machine.apply([{ index, term: 1, proposal }])
  }
}

const compact = (revision: number): Command => ({ type: 'compact', revision })

/** a → 2, 3 and, after its delete at 5, 7; b → 4, 6 and its delete at 8; c → 9. Compacted at 5. */
function member(): Member {
  const made = newMember()
  run(made, kv(put('a', '2')), kv(put('a', '3')), kv(put('b', '4')), kv(deleteRange('a')))
  run(made, kv(put('b', '6')), kv(put('a', '7')), kv(deleteRange('b')), kv(put('c', '9')))
  run(made, compact(5))
  return made
}

/** Puts, deletes, both in one, and compactions close to the newest revision, on a few keys. */
function commandOf(round: number, revision: number): Command {
  const [key, other] = [`key ${(round * 7) % 5}`, `key ${(round * 3 + 1) % 5}`]
  if (round % 11 === 10) return compact(revision - (round % 4))
  if (round % 3 === 2) return kv(deleteRange(key))
  if (round % 7 === 6) return kv(txn([], [deleteRange(key), put(other, `${round}`)]))
  return kv(put(key, `${round}`))
}

function hashAfter(statement: string): string {
  const changed = member()
  expect(changed.connection.client.prepare(statement).run().changes).toBe(1)
  return changed.machine.hash().hash
}

describe('the hash of the state is another one', () => {
  it.each([
    ['a value that is read now', "UPDATE history SET value = x'00' WHERE revision = 9"],
    ['a value that an old revision shows', "UPDATE history SET value = x'00' WHERE revision = 6"],
    ['the value at the compacted revision', "UPDATE history SET value = x'00' WHERE revision = 4"],
    ['an event', 'UPDATE history SET create_revision = 5 WHERE revision = 6'],
    ['a version that is missing', 'DELETE FROM history WHERE revision = 4'],
    ['a delete that is missing', 'DELETE FROM history WHERE revision = 8'],
    ['a delete at the compacted revision', 'DELETE FROM history WHERE revision = 5'],
    ['the way to an old version', 'UPDATE history SET prev_revision = 2 WHERE revision = 6'],
    ['the way past a delete', 'UPDATE history SET prev_revision = NULL WHERE revision = 7'],
    ['the way to a key that is deleted', "DELETE FROM dead WHERE key = CAST('b' AS BLOB)"],
  ])('where it is about %s', (_what, statement) => {
    expect(hashAfter(statement)).not.toBe(member().machine.hash().hash)
  })
})

describe('the hash of the state is the same', () => {
  it.each([
    ['an overwritten version', 'DELETE FROM history WHERE revision = 2'],
    ['a version that was deleted', "UPDATE history SET value = x'00' WHERE revision = 3"],
  ])('where it is about %s that nothing can read any more', (_what, statement) => {
    expect(hashAfter(statement)).toBe(member().machine.hash().hash)
  })

  it('on members that have removed what was compacted at once, later, or not at all', () => {
    const [atOnce, later, never] = [newMember(), newMember(), newMember()]
    const members = [atOnce, later, never]
    for (let round = 0; round < 120; round += 1) {
      const command = commandOf(round, atOnce.machine.revision)
      for (const one of members) run(one, command)
      while (atOnce.machine.removeCompacted(2));
      if (round % 5 === 0) later.machine.removeCompacted(2)
      expect(new Set(members.map(({ machine }) => machine.hash().hash)).size).toBe(1)
    }
    const rows = members.map(({ connection }) =>
      Number(connection.client.prepare('SELECT count(*) FROM history').pluck().get()),
    )
    expect(rows[0]).toBeLessThan(rows[1]!)
    expect(rows[1]).toBeLessThan(rows[2]!)
  })
})
