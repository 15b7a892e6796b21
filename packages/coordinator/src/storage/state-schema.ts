/**
 * The tables of state.db, as drizzle sees them; state-migrations.ts creates them and says why they
 * have this shape. Keys and values are BLOBs, which compare as bytes; lease ids are TEXT, because
 * they are 64-bit; revisions are integers below 2^53.
 */

import { blob, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { AlarmType } from '../state-machine/command.js'

/** Every version of every key, tombstones included (version 0), since the last compaction. */
export const history = sqliteTable(
  'history',
  {
    revision: integer('revision').notNull(),
    sub: integer('sub').notNull(),
    key: blob('key', { mode: 'buffer' }).notNull(),
    value: blob('value', { mode: 'buffer' }).notNull(),
    createRevision: integer('create_revision').notNull(),
    version: integer('version').notNull(),
    lease: text('lease'),
    /** Where the key's version before this one is or was; null for its first. */
    prevRevision: integer('prev_revision'),
    prevSub: integer('prev_sub'),
  },
  (table) => [primaryKey({ columns: [table.revision, table.sub] })],
)

/** The keys that exist, each with the address of its newest version. */
export const live = sqliteTable('live', {
  key: blob('key', { mode: 'buffer' }).primaryKey(),
  createRevision: integer('create_revision').notNull(),
  modRevision: integer('mod_revision').notNull(),
  modSub: integer('mod_sub').notNull(),
  version: integer('version').notNull(),
  lease: text('lease'),
})

/** The keys that are deleted but not yet compacted away, each with the address of its tombstone. */
export const dead = sqliteTable('dead', {
  key: blob('key', { mode: 'buffer' }).primaryKey(),
  revision: integer('revision').notNull(),
  sub: integer('sub').notNull(),
})

export const leases = sqliteTable('leases', {
  id: text('id').primaryKey(),
  ttlSeconds: integer('ttl_seconds').notNull(),
  grantedIndex: integer('granted_index').notNull(),
  /** At the last checkpoint; 0: all of the TTL. */
  remainingSeconds: integer('remaining_seconds').notNull(),
})

/** What the members have told about themselves. */
export const members = sqliteTable('members', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  clientUrls: text('client_urls', { mode: 'json' }).$type<readonly string[]>().notNull(),
  /** All three or none: directory-stamp.ts. */
  directoryId: text('directory_id'),
  generation: integer('generation'),
  generationId: text('generation_id'),
})

export const alarms = sqliteTable(
  'alarms',
  {
    memberId: text('member_id').notNull(),
    type: text('type').$type<AlarmType>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.memberId, table.type] })],
)

/** Remembered requests, in the order in which they were applied. */
export const requests = sqliteTable('requests', {
  sequence: integer('sequence').primaryKey(),
  id: text('id').notNull(),
  revision: integer('revision').notNull(),
  outcome: blob('outcome', { mode: 'buffer' }).notNull(),
})

/** One row: how far the state is. Written with every batch. */
export const position = sqliteTable('position', {
  id: integer('id').primaryKey(),
  clusterId: text('cluster_id').notNull(),
  appliedIndex: integer('applied_index').notNull(),
  appliedTerm: integer('applied_term').notNull(),
  revision: integer('revision').notNull(),
  compactRevision: integer('compact_revision').notNull(),
  evictedRevision: integer('evicted_revision').notNull(),
})

/** One row: how far this member has removed what compaction made obsolete. Members differ in it. */
export const sweep = sqliteTable('sweep', {
  id: integer('id').primaryKey(),
  /** The compacted revision that the sweep works towards or has reached. */
  target: integer('target').notNull(),
  /** Rows of history up to this one have been visited. */
  revision: integer('revision').notNull(),
  sub: integer('sub').notNull(),
})
