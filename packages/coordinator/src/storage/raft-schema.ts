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
  /** Null: the cluster began empty. */
  restoredFrom: text('restored_from'),
})

export const hardState = sqliteTable('hard_state', {
  id: integer('id').primaryKey(),
  term: integer('term').notNull(),
  votedFor: text('voted_for'),
})

/** One row: directory-stamp.ts. None before the first start of a program that knows of it. */
export const directoryStamp = sqliteTable('directory_stamp', {
  id: integer('id').primaryKey(),
  directoryId: text('directory_id').notNull(),
  generation: integer('generation').notNull(),
  generationId: text('generation_id').notNull(),
})

/** One row: the place just before the first entry of the log; see log-start.ts. */
export const logStart = sqliteTable('log_start', {
  id: integer('id').primaryKey(),
  index: integer('log_index').notNull(),
  term: integer('term').notNull(),
  checksum: integer('checksum').notNull(),
  /** In force there, as the core encodes it. */
  membership: blob('membership', { mode: 'buffer' }).notNull(),
})

export const log = sqliteTable('log', {
  index: integer('log_index').primaryKey(),
  term: integer('term').notNull(),
  kind: text('kind').$type<EntryKind>().notNull(),
  data: blob('data', { mode: 'buffer' }).notNull(),
  /** Over this entry and the checksum of the one before: entry-checksum.ts. */
  checksum: integer('checksum').notNull(),
})

/** The first in which an identity says what the cluster was restored from. */
export const FORMAT_WITH_RESTORED = 4

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
  // Until then a log always began at 1, and its membership was that of the start.
  `
  CREATE TABLE log_start (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    log_index INTEGER NOT NULL,
    term INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    membership BLOB NOT NULL
  ) STRICT;

  INSERT INTO log_start
  SELECT 1, 0, 0, 0, CAST(
    (SELECT group_concat(value, ',') FROM json_each(voters)) || ';' ||
    coalesce((SELECT group_concat(value, ',') FROM json_each(learners)), '') || ';' AS BLOB)
  FROM membership;

  DROP TABLE membership;

  CREATE INDEX log_memberships ON log (log_index) WHERE kind = 'membership';
  `,
  `
  CREATE TABLE directory_stamp (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    directory_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    generation_id TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE identity ADD COLUMN restored_from TEXT;
  `,
]
