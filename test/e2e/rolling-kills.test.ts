import { connect } from '@holdfast/client'
import { serveCommand, startProcessCluster, type ProcessCluster } from '@holdfast/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClientProcess, type ClientExit } from './client-process.js'
import { decodeHold, overlaps, tokenInversions, type Hold } from './hold.js'
import { settledContents } from './member-content.js'
import { killMembers, type Kill } from './member-killer.js'
import { seededRandom } from './seeded-random.js'

const CLIENTS = 8
const SECONDS = Number(process.env['HOLDFAST_E2E_SECONDS'] ?? '60')
const seed = Number(process.env['HOLDFAST_E2E_SEED'] ?? Math.floor(Math.random() * 2 ** 32))

describe('eight processes take one lock in turn while members are killed with -9', () => {
  let cluster: ProcessCluster
  let kills: readonly Kill[]
  let exits: readonly ClientExit[]
  let holds: readonly Hold[]

  beforeAll(
    async () => {
      console.log(`HOLDFAST_E2E_SEED=${seed} HOLDFAST_E2E_SECONDS=${SECONDS}`)
      cluster = await startProcessCluster({ memberCommand: serveCommand(import.meta.url) })
      const clients = Array.from(
        { length: CLIENTS },
        (_, id) => new ClientProcess('lock-client.js', [String(id), ...cluster.endpoints]),
      )
      const random = seededRandom(seed)
      kills = await killMembers(cluster, { everyMs: 3_000, forMs: SECONDS * 1_000, random })
      exits = await Promise.all(clients.map((client) => client.end()))
      holds = exits.flatMap(({ lines }) => lines.map(decodeHold))
      console.log(`${holds.length} holds, ${kills.length} kills`)
    },
    SECONDS * 1_000 + 60_000,
  )
  afterAll(() => cluster.close())

  it('the faults took effect: the leader was killed at least every second time', () => {
    expect(kills.length).toBeGreaterThanOrEqual(SECONDS / 3 - 4)
    expect(kills.filter(({ leader }) => leader).length).toBeGreaterThanOrEqual(kills.length / 2)
  })

  it('no client met an error, an unhandled rejection or a crash', () => {
    expect(exits.map(({ code, errors }) => ({ code, errors }))).toEqual(
      exits.map(() => ({ code: 0, errors: [] })),
    )
  })

  it('no two holds overlap', () => {
    expect(overlaps(holds)).toEqual([])
  })

  it('tokens strictly increase, so that grants are in the order of create_revision', () => {
    expect(tokenInversions(holds)).toEqual([])
  })

  it('every client makes progress', () => {
    const turns = exits.map(({ lines }) => lines.length)
    expect(Math.min(...turns)).toBeGreaterThanOrEqual(10)
  })

  it('no acknowledged write is lost', async () => {
    const holdfast = connect({ endpoints: cluster.endpoints })
    const kept = await holdfast.kv.getAll({ prefix: 'e2e/written/' })
    await holdfast.close()
    const values = new Map(kept.entries.map((entry) => [entry.key, entry.text()]))
    const acknowledged = holds.filter(({ written }) => written !== undefined)
    expect(acknowledged.length).toBeGreaterThan(0)
    for (const { written, token } of acknowledged) {
      expect([written, values.get(written ?? '')]).toEqual([written, String(token)])
    }
  })

  it('all members end with the same revision and the same content', async () => {
    const [first, ...others] = await settledContents(cluster.endpoints)
    for (const other of others) expect(other).toEqual(first)
  })
})
