/**
 * The format of state.db. Append to the list, never edit it: databases in the field have had it.
 *
 * `history` is append-only and has no index on keys: a B-tree of scattered keys would have to be
 * written for every version, which costs more than all the rest. Instead each row names the row of
 * the key's previous version, and `live` and `dead` name the newest: a key's past is a chain.
 */

export const STATE_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE history (
    revision INTEGER NOT NULL,
    sub INTEGER NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    create_revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease TEXT,
    prev_revision INTEGER,
    prev_sub INTEGER,
    PRIMARY KEY (revision, sub)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE live (
    key BLOB PRIMARY KEY NOT NULL,
    create_revision INTEGER NOT NULL,
    mod_revision INTEGER NOT NULL,
    mod_sub INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX live_by_lease ON live (lease) WHERE lease IS NOT NULL;

  CREATE TABLE dead (
    key BLOB PRIMARY KEY NOT NULL,
    revision INTEGER NOT NULL,
    sub INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE leases (
    id TEXT PRIMARY KEY NOT NULL,
    ttl_seconds INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE members (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    client_urls TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE requests (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    outcome BLOB NOT NULL
  ) STRICT;

  CREATE TABLE position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cluster_id TEXT NOT NULL,
    applied_index INTEGER NOT NULL,
    applied_term INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    compact_revision INTEGER NOT NULL,
    evicted_revision INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sweep (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    target INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    sub INTEGER NOT NULL
  ) STRICT;

  INSERT INTO sweep VALUES (1, -1, -1, -1);
  `,
  `
  ALTER TABLE leases ADD COLUMN granted_index INTEGER NOT NULL DEFAULT 0;
  `,
  // NULL until the member tells of its directory.
  `
  ALTER TABLE members ADD COLUMN directory_id TEXT;
  ALTER TABLE members ADD COLUMN generation INTEGER;
  ALTER TABLE members ADD COLUMN generation_id TEXT;
  `,
  `
  CREATE TABLE alarms (
    member_id TEXT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (member_id, type)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE leases ADD COLUMN remaining_seconds INTEGER NOT NULL DEFAULT 0;
  `,
]
