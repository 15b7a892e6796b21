/**
 * A hash of the state as its readers see it: keys, with all of their past that can still be read,
 * leases, members and remembered requests at one position. Physical matters, like rows that wait to
 * be removed or a member's own sequence numbers, are not in it, so members with the same position
 * have the same hash or have diverged (catalogue 62).
 *
 * Reads the whole state on the calling thread: some seconds a million versions of keys.
 */

import { createHash, type Hash } from 'node:crypto'
import type { Position } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'

/** Driver statements: a drizzle query would hold all rows in memory at once. */
const KEYS = `
  SELECT live.key, history.value, live.create_revision, live.mod_revision, live.version, live.lease
  FROM live JOIN history ON history.revision = live.mod_revision AND history.sub = live.mod_sub
  ORDER BY live.key`
/**
 * The sweep removes nothing of the compacted revision or later (compaction-sweep.ts). A key that was
 * created again names the tombstone of its earlier life, if that was still there: where it is older,
 * members differ in that, and nobody reads it.
 */
const HISTORY = `
  SELECT revision, sub, key, value, create_revision, version, lease,
    iif(version <> 1 OR prev_revision >= @compacted, prev_revision, NULL),
    iif(version <> 1 OR prev_revision >= @compacted, prev_sub, NULL)
  FROM history WHERE revision >= @compacted ORDER BY revision, sub`
/** What the compacted revision shows of keys that were changed since; no sweep removes it either. */
const COMPACTED = `
  SELECT old.revision, old.sub, old.key, old.value, old.create_revision, old.version, old.lease
  FROM history AS newer
    JOIN history AS old ON old.revision = newer.prev_revision AND old.sub = newer.prev_sub
  WHERE newer.revision > @compacted AND newer.version <> 1 AND old.revision < @compacted
  ORDER BY newer.revision, newer.sub`
const DEAD = 'SELECT key, revision, sub FROM dead WHERE revision >= @compacted ORDER BY key'
const LEASES = 'SELECT id, ttl_seconds, granted_index, remaining_seconds FROM leases ORDER BY id'
const MEMBERS = 'SELECT * FROM members ORDER BY id'
const ALARMS = 'SELECT member_id, type FROM alarms ORDER BY member_id, type'
const REQUESTS = 'SELECT id, revision, outcome FROM requests ORDER BY sequence'

const QUERIES = [KEYS, HISTORY, COMPACTED, DEAD, LEASES, MEMBERS, ALARMS, REQUESTS]

export function hashState({ client }: Connection, position: Position): string {
  const { revision, compactRevision: compacted, evictedRevision } = position
  const hash = createHash('sha256')
  add(hash, [revision, compacted, evictedRevision])
  for (const query of QUERIES) {
    add(hash, [query])
    const rows = client.prepare<[{ compacted: number }], unknown[]>(query).raw()
    for (const row of rows.iterate({ compacted })) add(hash, row)
  }
  return hash.digest('hex')
}

/** Each field with its kind and length, so that no two different rows give the same bytes. */
function add(hash: Hash, fields: readonly unknown[]): void {
  let head = ''
  const blobs: Uint8Array[] = []
  for (const field of fields) {
    if (field instanceof Uint8Array) {
      blobs.push(field)
      head += `b${field.length};`
    } else {
      const text = String(field)
      head += `${typeof field}${text.length}:${text};`
    }
  }
  hash.update(head)
  for (const blob of blobs) hash.update(blob)
}
