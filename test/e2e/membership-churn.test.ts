/**
 * The members of a cluster come and go, its leader too, and others are killed with -9 meanwhile, under
 * clients that take one lock in turn and write (thesis §4; catalogue 44–50).
 */

import { connect, type Holdfast } from '@holdfast/client'
import {
  serveCommand,
  startProcessCluster,
  type MemberProcess,
  type ProcessCluster,
} from '@holdfast/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ClientProcess, type ClientExit } from './client-process.js'
import { decodeHold, overlaps, tokenInversions, type Hold } from './hold.js'
import { settledContents } from './member-content.js'

const CLIENTS = 4
/** A change waits for members that were killed and are starting again. */
const PATIENCE = { timeout: 20_000, interval: 50 }

/** A cluster whose members are changed as an operator would: asked for again until it is done. */
class ChangingCluster {
  readonly #cluster: ProcessCluster
  readonly #holdfast: Holdfast

  constructor(cluster: ProcessCluster, holdfast: Holdfast) {
    this.#cluster = cluster
    this.#holdfast = holdfast
  }

  /** A learner joins; a follower is killed and comes back; the learner is promoted. */
  async grow(): Promise<MemberProcess> {
    const { cluster } = this.#holdfast
    let id = ''
    const member = await this.#cluster.addMember(async (peerUrl) => {
      ;({ id } = await cluster.addMember([peerUrl], { learner: true }))
    })
    await this.#restart(await this.#follower(member))
    await vi.waitFor(async () => {
      await cluster.promoteMember(id).catch(() => undefined)
      expect(await cluster.members()).toContainEqual(
        expect.objectContaining({ id, isLearner: false }),
      )
    }, PATIENCE)
    await this.#cluster.healthy(member)
    return member
  }

  /** Removes a member, which ends by itself, while another one is away. */
  async remove({ name }: MemberProcess): Promise<void> {
    const { cluster } = this.#holdfast
    const member = this.#cluster.members.find((one) => one.name === name)!
    const id = (await cluster.members()).find((one) => one.name === name)!.id
    const away = await this.#follower(member)
    await away.kill()
    await vi.waitFor(async () => {
      await cluster.removeMember(id).catch(() => undefined)
      expect((await cluster.members()).map((one) => one.id)).not.toContain(id)
    }, PATIENCE)
    away.start()
    await this.#cluster.forgetMember(member)
    await this.#cluster.healthy(away)
  }

  leader(): Promise<MemberProcess> {
    return this.#cluster.leader()
  }

  async killLeader(): Promise<void> {
    await this.#restart(await this.leader())
  }

  async #restart(member: MemberProcess): Promise<void> {
    await member.kill()
    await this.leader()
    member.start()
    await this.#cluster.healthy(member)
  }

  /** Neither the leader nor `other`. */
  async #follower(other: MemberProcess): Promise<MemberProcess> {
    const leader = await this.leader()
    return this.#cluster.members.find((member) => member !== leader && member !== other)!
  }
}

describe('four processes take one lock in turn while members come and go', () => {
  let cluster: ProcessCluster
  let holdfast: Holdfast
  let exits: readonly ClientExit[]
  let holds: readonly Hold[]
  let leaderThatLeft: MemberProcess

  beforeAll(async () => {
    cluster = await startProcessCluster({ memberCommand: serveCommand(import.meta.url) })
    // At least two of those who are there from the beginning stay to the end.
    const { endpoints } = cluster
    holdfast = connect({ endpoints })
    const clients = Array.from(
      { length: CLIENTS },
      (_, id) => new ClientProcess('lock-client.js', [String(id), ...endpoints]),
    )
    const changing = new ChangingCluster(cluster, holdfast)
    const fourth = await changing.grow()
    const fifth = await changing.grow()
    await changing.killLeader()
    leaderThatLeft = await changing.leader()
    await changing.remove(leaderThatLeft)
    await changing.killLeader()
    await changing.remove(leaderThatLeft === fifth ? fourth : fifth)
    exits = await Promise.all(clients.map((client) => client.end()))
    holds = exits.flatMap(({ lines }) => lines.map(decodeHold))
    console.log(`${holds.length} holds`)
  }, 90_000)
  afterAll(async () => {
    await holdfast.close()
    await cluster.close()
  })

  it('three members are left, all of them voters', async () => {
    const members = await holdfast.cluster.members()
    expect(members.map(({ name }) => name).sort()).toEqual(
      cluster.members.map(({ name }) => name).sort(),
    )
    expect(members.map(({ isLearner }) => isLearner)).toEqual([false, false, false])
  })

  it('a leader that was removed has ended by itself, and says why', () => {
    expect(leaderThatLeft.output()).toContain('was removed from the cluster')
  })

  it('no client met an error, an unhandled rejection or a crash', () => {
    expect(exits.map(({ code, errors }) => ({ code, errors }))).toEqual(
      exits.map(() => ({ code: 0, errors: [] })),
    )
  })

  it('no two holds overlap, and tokens strictly increase', () => {
    expect(overlaps(holds)).toEqual([])
    expect(tokenInversions(holds)).toEqual([])
  })

  it('every client makes progress, and no acknowledged write is lost', async () => {
    const kept = await holdfast.kv.getAll({ prefix: 'e2e/written/' })
    const values = new Map(kept.entries.map((entry) => [entry.key, entry.text()]))
    const acknowledged = holds.filter(({ written }) => written !== undefined)
    expect(new Set(acknowledged.map(({ client }) => client)).size).toBe(CLIENTS)
    for (const { written, token } of acknowledged) {
      expect([written, values.get(written ?? '')]).toEqual([written, String(token)])
    }
  })

  it('all members end with the same revision and the same content', async () => {
    const [first, ...others] = await settledContents(cluster.endpoints)
    for (const other of others) expect(other).toEqual(first)
  })
})
