/**
 * A leader dies at each of the points at which a request can be, and the client asks again with the
 * same request id: one effect, one revision (catalogue 20–24; thesis §6.3; MIT 4A).
 */

import type { Message } from '@holdfast/raft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { NodeCluster } from './node-cluster.test-support.js'
import type { RequestId } from './state-machine/command.js'

const PATIENCE = { timeout: 15_000, interval: 5 }

let cluster: NodeCluster | undefined
afterEach(async () => {
  await cluster?.close()
  cluster = undefined
})

const REQUEST: RequestId = { id: 'the-request', issuedAtRevision: 1 }
const isAppend = ({ type }: Message): boolean => type === 'appendEntries'

interface Point {
  /** What the network loses from the leader, once it leads. */
  readonly loses: (message: Message, reached: readonly string[]) => boolean
  /** Followers that get the entry. */
  readonly reaches: (size: number) => number
}

const POINTS: readonly (readonly [string, Point])[] = [
  ['before replication starts (catalogue 21)', { loses: isAppend, reaches: () => 0 }],
  [
    'after replication to a minority (catalogue 22)',
    {
      loses: (message, reached) => isAppend(message) && !reached.includes(message.to),
      reaches: (size) => Math.ceil(size / 2) - 2,
    },
  ],
  [
    'after replication to a majority, before anybody knows of the commit (catalogue 23)',
    {
      loses: (message, reached) =>
        (isAppend(message) && !reached.includes(message.to)) ||
        message.type === 'appendEntriesAccepted',
      reaches: (size) => Math.floor(size / 2),
    },
  ],
]

describe.each([3, 5])('of %i members the leader dies', (size) => {
  it('before the request arrives (catalogue 20)', async () => {
    cluster = await NodeCluster.start(size)
    const leader = await cluster.leader()
    const at = cluster.follower(leader)
    await cluster.crash(leader)
    const first = await cluster.put(at, 'a', REQUEST)
    const again = await cluster.put(await cluster.leader(), 'a', REQUEST)
    expect(again).toEqual(first)
    expect(await cluster.versions()).toEqual({ a: 1 })
  })

  describe.each(POINTS)('%s', (_name, { loses, reaches }) => {
    it.each(['stays away', 'comes back'])('and %s', async (later) => {
      cluster = await NodeCluster.start(size)
      const leader = await cluster.leader()
      const reached = Array.from({ length: reaches(size) }, (_, at) =>
        cluster!.follower(leader, at),
      )
      const before = cluster.lastIndex(leader)
      cluster.loses = (message) => loses(message, reached)
      const lost = cluster.put(leader, 'a', REQUEST)
      const outcome = lost.catch((error: unknown) => error)
      await vi.waitUntil(
        () => [leader, ...reached].every((id) => cluster!.lastIndex(id) > before),
        PATIENCE,
      )
      await cluster.crash(leader)
      expect(await outcome).toMatchObject({ outcome: 'unknown' })
      cluster.loses = () => false
      const next = await cluster.leader()
      const first = await cluster.put(next, 'a', REQUEST)
      if (later === 'comes back') await cluster.start(leader)
      const again = await cluster.put(cluster.follower(next), 'a', REQUEST)
      expect(again).toEqual(first)
      expect(await cluster.versions()).toEqual({ a: 1 })
    })
  })

  it('after it has applied, while the answer is on its way (catalogue 24)', async () => {
    cluster = await NodeCluster.start(size)
    const leader = await cluster.leader()
    const lost = await cluster.put(leader, 'a', REQUEST)
    const follower = cluster.follower(leader)
    await cluster.crash(leader)
    expect(await cluster.put(follower, 'a', REQUEST)).toEqual(lost)
    await cluster.start(leader)
    expect(await cluster.put(leader, 'a', REQUEST)).toEqual(lost)
    expect(await cluster.versions()).toEqual({ a: 1 })
  })
})
