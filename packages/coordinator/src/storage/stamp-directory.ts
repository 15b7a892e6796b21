/** The stamp of a data directory, which a start makes durable before the member says anything. */

import { nanoid } from 'nanoid'
import { isSameStamp, stampOfStart, type DirectoryStamp } from '../state-machine/directory-stamp.js'
import { openConnection } from './connection.js'
import { directoryStamp } from './raft-schema.js'
import { asUnusable } from './sqlite-client.js'
import { WalGuard } from './wal-guard.js'

/**
 * `published` is what the state says of this member. Neither the log worker nor anybody else may have
 * the database open. @throws StorageError
 */
export function stampDirectory(
  path: string,
  published: DirectoryStamp | undefined,
): DirectoryStamp {
  const { client, db } = openConnection(path, 'full')
  let guard: WalGuard | undefined
  try {
    guard = new WalGuard(path)
    const { directoryId, generation, generationId } = directoryStamp
    const columns = { directoryId, generation, generationId }
    const stored = db.select(columns).from(directoryStamp).get()
    const stamp = stampOfStart(stored, published, nanoid)
    if (isSameStamp(stamp, stored)) return stamp
    const insert = db.insert(directoryStamp).values({ id: 1, ...stamp })
    insert.onConflictDoUpdate({ target: directoryStamp.id, set: stamp }).run()
    return stamp
  } catch (error) {
    throw asUnusable(path, error)
  } finally {
    client.close()
    guard?.close()
  }
}
