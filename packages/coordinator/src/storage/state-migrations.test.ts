/** A state.db that an older program wrote is brought to this format with everything in it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import { openConnection } from './connection.js'
import { migrate } from './migrate.js'
import { openStateStore } from './sqlite-state-store.js'
import { STATE_MIGRATIONS } from './state-migrations.js'

const directory = mkdtempSync(join(tmpdir(), 'holdfast-migrations-'))
afterAll(() => rmSync(directory, { recursive: true }))

it('knows of no directories of the members of format 2', () => {
  const path = join(directory, 'members.db')
  const old = openConnection(path, 'off')
  migrate(old, STATE_MIGRATIONS.slice(0, 2))
  old.client.exec(`INSERT INTO members (id, name, client_urls) VALUES ('7', 'm', '["http://m"]')`)
  old.client.close()

  const store = openStateStore({ path, clusterId: '1' })
  const machine = createStateMachine(store)
  const told = { id: '7', name: 'm', clientUrls: ['http://m'] }
  expect(machine.members()).toEqual([told])
  const member = {
    ...told,
    directory: { directoryId: 'd', generation: 1, generationId: 'x' },
  }
  const command = { type: 'publishMember', member } as const
  const proposal = { origin: 'test', sequence: 1, requestId: undefined, command }
  machine.apply([{ index: 1, term: 1, proposal }])
  expect(machine.members()).toEqual([member])
  store.close()
})

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
