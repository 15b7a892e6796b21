/**
 * The tables of raft.db, and its format. Term and vote are one row, so that they are one write
 * (Raft, Figure 2; catalogue 2). Member ids are TEXT, because they are 64-bit.
 */

import { blob, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { EntryKind } from '@holdfast/raft'

export const identity = sqliteTable('identity', {
  id: integer('id').primaryKey(),
  clusterId: text('cluster_id').notNull(),
  memberId: text('member_id').notNull(),
})

export const hardState = sqliteTable('hard_state', {
  id: integer('id').primaryKey(),
  term: integer('term').notNull(),
  votedFor: text('voted_for'),
})

/** The members that the cluster started with. */
export const membership = sqliteTable('membership', {
  id: integer('id').primaryKey(),
  voters: text('voters', { mode: 'json' }).$type<readonly string[]>().notNull(),
  learners: text('learners', { mode: 'json' }).$type<readonly string[]>().notNull(),
})

export const log = sqliteTable('log', {
  index: integer('log_index').primaryKey(),
  term: integer('term').notNull(),
  kind: text('kind').$type<EntryKind>().notNull(),
  data: blob('data', { mode: 'buffer' }).notNull(),
  /** Over this entry and the checksum of the one before: entry-checksum.ts. */
  checksum: integer('checksum').notNull(),
})

/** Append to the list, never edit it: databases in the field have had it. */
export const RAFT_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cluster_id TEXT NOT NULL,
    member_id TEXT NOT NULL
  ) STRICT;

  CREATE TABLE hard_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    term INTEGER NOT NULL,
    voted_for TEXT
  ) STRICT;

  CREATE TABLE membership (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    voters TEXT NOT NULL,
    learners TEXT NOT NULL
  ) STRICT;

  CREATE TABLE log (
    log_index INTEGER PRIMARY KEY,
    term INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  `,
]
