/**
 * A hash of the state as its readers see it: keys, leases, members and remembered requests
 * at one position.
 * Physical matters, like rows that wait to be removed or a member's own sequence numbers, are not in
 * it, so members with the same position have the same hash or have diverged (catalogue 62).
 *
 * Reads the whole newest state on the calling thread: some seconds a million keys.
 */

import { createHash, type Hash } from 'node:crypto'
import type { Position } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'

/** Driver statements: a drizzle query would hold all rows in memory at once. */
const KEYS = `
  SELECT live.key, history.value, live.create_revision, live.mod_revision, live.version, live.lease
  FROM live JOIN history ON history.revision = live.mod_revision AND history.sub = live.mod_sub
  ORDER BY live.key`
const LEASES = 'SELECT id, ttl_seconds, granted_index FROM leases ORDER BY id'
const MEMBERS = 'SELECT id, name, client_urls FROM members ORDER BY id'
const REQUESTS = 'SELECT id, revision, outcome FROM requests ORDER BY sequence'

export function hashState({ client }: Connection, position: Position): string {
  const hash = createHash('sha256')
  add(hash, [position.revision, position.compactRevision, position.evictedRevision])
  for (const query of [KEYS, LEASES, MEMBERS, REQUESTS]) {
    add(hash, [query])
    for (const row of client.prepare<[], unknown[]>(query).raw().iterate()) add(hash, row)
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
