import { describe, expect, it } from 'vitest'
import type { Command } from '../state-machine/command.js'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import type { StateMachine } from '../state-machine/state-machine.js'
import {
  deleteRange,
  kv,
  normalized,
  put,
  range,
  txn,
} from '../state-machine/state-machine.test-support.js'
import { openConnection, type Connection } from './connection.js'
import { migrate } from './migrate.js'
import { SqliteStateStore } from './sqlite-state-store.js'
import { STATE_MIGRATIONS } from './state-migrations.js'

/** A state machine whose rows can be looked at. */
class Visible {
  readonly connection: Connection
  readonly machine: StateMachine

  constructor() {
    this.connection = openConnection(':memory:', 'off')
    migrate(this.connection, STATE_MIGRATIONS)
    const options = { path: ':memory:', clusterId: '1' }
    this.machine = createStateMachine(new SqliteStateStore(this.connection, options))
  }

  run(...commands: Command[]): void {
    for (const command of commands) {
      const index = this.machine.appliedIndex + 1
      const proposal = { origin: '', sequence: index, requestId: undefined, command }
      this.machine.apply([{ index, term: 1, proposal }])
    }
  }

  rows(table: string): number {
    const { client } = this.connection
    return client.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0
  }

  revisions(): number[] {
    const { client } = this.connection
    return client.prepare<[], number>('SELECT revision FROM history').pluck().all()
  }

  sweep(maxRows = 2): void {
    while (this.machine.removeCompacted(maxRows));
  }

  /** All that can be read at or after the compacted revision. */
  view(): unknown {
    const { compactRevision, revision } = this.machine
    const reads = []
    for (let at = Math.max(1, compactRevision); at <= revision; at++) {
      reads.push(this.machine.range(range('\0', '\0', { revision: at })))
    }
    return normalized([reads, this.machine.history(compactRevision, 1000), this.machine.hash()])
  }
}

/** Keys that are changed, deleted, deleted and created again, and left alone. */
function churn(): Visible {
  const store = new Visible()
  for (let round = 0; round < 6; round++) {
    for (const key of ['a', 'b', 'c', 'd']) store.run(kv(put(key, `${key}${round}`)))
    store.run(kv(deleteRange('b')), kv(deleteRange('c', 'd')))
    store.run(kv(put('c', 'again')))
  }
  store.run(kv(put('untouched')), kv(deleteRange('d')), kv(put('a', 'last')))
  return store
}

describe('removing compacted rows', () => {
  it('changes nothing that can be read, at any slice, nor the hash', () => {
    for (const at of [2, 17, 30, 44, 45]) {
      const store = churn()
      store.run({ type: 'compact', revision: at })
      const before = store.view()
      while (store.machine.removeCompacted(2)) expect(store.view()).toEqual(before)
      expect(store.view()).toEqual(before)
    }
  })

  it('leaves of each key only what can still be read', () => {
    const store = churn()
    const { revision } = store.machine
    store.run({ type: 'compact', revision })
    store.sweep()
    // Live: a, c, untouched. d was deleted just before the last revision, b long before.
    expect(store.rows('history')).toBe(3)
    expect(store.rows('dead')).toBe(0)
    expect(store.rows('live')).toBe(3)
  })

  it('keeps the tombstone of exactly the compacted revision until the next one', () => {
    const store = new Visible()
    store.run(kv(put('a')), kv(deleteRange('a')), { type: 'compact', revision: 3 })
    store.sweep()
    expect(store.revisions()).toEqual([3])
    expect(store.rows('dead')).toBe(1)
    store.run(kv(put('b')), { type: 'compact', revision: 4 })
    store.sweep()
    expect(store.revisions()).toEqual([4])
    expect(store.rows('dead')).toBe(0)
  })

  it('keeps both changes of a key that the compacted revision deleted and put again', () => {
    const store = new Visible()
    store.run(kv(put('b')), kv(txn([], [deleteRange('a', '\0'), put('b', 'again')])))
    store.run({ type: 'compact', revision: 3 })
    const before = store.view()
    store.sweep()
    expect(store.view()).toEqual(before)
    expect(store.machine.history(3, 1)[0]!.events).toHaveLength(2)
    store.run(kv(put('c')), { type: 'compact', revision: 4 })
    store.sweep()
    expect(store.revisions()).toEqual([3, 4])
  })

  it('forgets the dead key whose newest tombstone it removes, and no other', () => {
    const store = new Visible()
    store.run(kv(put('a')), kv(deleteRange('a')), kv(put('a')), kv(deleteRange('a')))
    store.run({ type: 'compact', revision: 4 })
    store.sweep()
    // (4,0) was a put; the tombstone at 5 is newer than the compaction.
    expect(store.revisions()).toEqual([4, 5])
    expect(store.rows('dead')).toBe(1)
  })

  it('goes on where it was, when a newer compaction comes in the middle', () => {
    const [interrupted, straight] = [churn(), churn()]
    const { revision } = straight.machine
    for (let at = 5; at <= revision; at += 4) {
      interrupted.run({ type: 'compact', revision: at })
      interrupted.machine.removeCompacted(3)
    }
    for (const store of [interrupted, straight]) {
      store.run({ type: 'compact', revision: store.machine.revision })
      store.sweep()
    }
    expect(interrupted.revisions()).toEqual(straight.revisions())
    expect(interrupted.rows('dead')).toBe(straight.rows('dead'))
  })

  it('removes no more rows a slice than it is told', () => {
    const store = churn()
    store.run({ type: 'compact', revision: store.machine.revision })
    for (let isMore = true; isMore;) {
      const before = store.rows('history')
      isMore = store.machine.removeCompacted(6)
      expect(before - store.rows('history')).toBeLessThanOrEqual(6)
    }
  })

  it('visits each row once: a finished sweep has nothing to do', () => {
    const store = churn()
    store.run({ type: 'compact', revision: 20 })
    store.sweep()
    const { client } = store.connection
    const changes = (): unknown => client.prepare('SELECT total_changes()').pluck().get()
    const before = changes()
    expect(store.machine.removeCompacted(100)).toBe(false)
    expect(changes()).toBe(before)
  })
})

describe('queries of intervals', () => {
  it('seek by the key and sort nothing', () => {
    const store = new Visible()
    const { client } = store.connection
    const plan = (sql: string): string =>
      client
        .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => detail)
        .join('; ')
    const values = `SELECT * FROM live INNER JOIN history ON (history.revision = live.mod_revision
      AND history.sub = live.mod_sub) WHERE live.key >= x'61' AND live.key < x'62'
      ORDER BY live.key LIMIT 5`
    expect(plan(values)).toBe(
      'SEARCH live USING PRIMARY KEY (key>? AND key<?); ' +
        'SEARCH history USING PRIMARY KEY (revision=? AND sub=?)',
    )
    expect(plan(`SELECT * FROM live WHERE lease = '7' ORDER BY key`)).toBe(
      'SEARCH live USING INDEX live_by_lease (lease=?)',
    )
    const next = `SELECT * FROM history WHERE (revision, sub) > (1, 2) AND revision <= 9
      ORDER BY revision, sub LIMIT 5`
    expect(plan(next)).toMatch(/^SEARCH history USING PRIMARY KEY/)
    expect(plan(next)).not.toContain('TEMP B-TREE')
  })
})
