/** A state.db that an older program wrote is brought to this format with everything in it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import { openConnection } from './connection.js'
import { migrate } from './migrate.js'
import { openStateStore } from './sqlite-state-store.js'
import { STATE_MIGRATIONS } from './state-migrations.js'

const directory = mkdtempSync(join(tmpdir(), 'holdfast-migrations-'))
afterEach(() => rmSync(directory, { recursive: true }))

it('keeps the leases of format 1, which did not say which entry had granted them', () => {
  const path = join(directory, 'state.db')
  const old = openConnection(path, 'off')
  migrate(old, STATE_MIGRATIONS.slice(0, 1))
  old.client.exec(`INSERT INTO leases (id, ttl_seconds) VALUES ('7', 30)`)
  old.client.close()

  const store = openStateStore({ path, clusterId: '1' })
  const machine = createStateMachine(store)
  expect(machine.leases()).toEqual([{ id: '7', ttlSeconds: 30, grantedIndex: 0 }])
  const command = { type: 'leaseExpire', id: '7', term: 1, grantedIndex: 0 } as const
  const proposal = { origin: 'test', sequence: 1, requestId: undefined, command }
  machine.apply([{ index: 1, term: 1, proposal }])
  expect(machine.leases()).toEqual([])
  store.close()
})
