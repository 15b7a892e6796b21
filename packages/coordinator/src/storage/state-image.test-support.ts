/** The bytes of a state, sound or changed by somebody who is no coordinator. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openStateStore } from './sqlite-state-store.js'

/** At revision 7, and then changed by this SQL. */
export function stateImage(sql = ''): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-image-'))
  const path = join(directory, 'state.db')
  try {
    const store = openStateStore({ path, clusterId: '10' })
    const position = { ...store.loadPosition(), revision: 7, appliedIndex: 3, appliedTerm: 1 }
    store.transaction(() => store.savePosition(position))
    store.close()
    const client = new Database(path)
    client.exec(sql)
    client.pragma('wal_checkpoint(TRUNCATE)')
    client.close()
    return readFileSync(path)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
