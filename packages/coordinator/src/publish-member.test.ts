/** A member tells its name and addresses until the cluster knows them, and not longer. */

import { expect, it, vi } from 'vitest'
import type { CoordinatorNode } from './node/coordinator-node.js'
import { NodeError } from './node/node-error.js'
import { publishMember } from './publish-member.js'
import type { Command, PublishedMember } from './state-machine/command.js'
import { systemClock } from './time/clock.js'

const DIRECTORY = { directoryId: 'd', generation: 2, generationId: 'x' }
const MEMBER: PublishedMember = {
  ...{ id: '1', name: 'a', clientUrls: ['http://c:1', 'http://c:2'] },
  directory: DIRECTORY,
}

/** A cluster that knows some members, and fails as often as it is told to. */
class Cluster {
  readonly proposed: Command[] = []
  known: PublishedMember[]
  failures = 0

  constructor(...known: PublishedMember[]) {
    this.known = known
  }

  get node(): CoordinatorNode {
    const propose = async (command: Command): Promise<void> => {
      this.proposed.push(command)
      await Promise.resolve()
      if (this.failures-- > 0) throw new NodeError('noLeader', 'not-applied')
      if (command.type !== 'publishMember') return
      const { member } = command
      this.known = [...this.known.filter(({ id }) => id !== member.id), member]
    }
    return { propose, state: { members: () => this.known } } as unknown as CoordinatorNode
  }
}

/** Long enough for a second attempt, which there must not be. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

it('publishes once, when it works at once', async () => {
  const cluster = new Cluster()
  publishMember(cluster.node, MEMBER, systemClock)
  await settled()
  expect(cluster.proposed).toEqual([{ type: 'publishMember', member: MEMBER }])
})

it('does not repeat what is known already, as after a restart', async () => {
  const cluster = new Cluster({ ...MEMBER, clientUrls: [...MEMBER.clientUrls] })
  publishMember(cluster.node, MEMBER, systemClock)
  await settled()
  expect(cluster.proposed).toEqual([])
})

it.each([
  ['another name', { ...MEMBER, name: 'b' }],
  ['another address', { ...MEMBER, clientUrls: ['http://c:1'] }],
  ['another order of them', { ...MEMBER, clientUrls: [...MEMBER.clientUrls].reverse() }],
  ['no directory', { ...MEMBER, directory: undefined }],
  ['an earlier start', { ...MEMBER, directory: { ...DIRECTORY, generation: 1 } }],
  ['another member', { ...MEMBER, id: '2' }],
])('replaces what is known otherwise: %s', async (_, known) => {
  const cluster = new Cluster(known)
  publishMember(cluster.node, MEMBER, systemClock)
  await settled()
  expect(cluster.proposed).toEqual([{ type: 'publishMember', member: MEMBER }])
})

it.each([
  ['another one', { ...DIRECTORY, directoryId: 'e' }],
  ['a later start of it', { ...DIRECTORY, generation: 3 }],
])('says nothing of a directory when %s is known', async (_, directory) => {
  const cluster = new Cluster({ ...MEMBER, directory })
  publishMember(cluster.node, MEMBER, systemClock)
  await settled()
  expect(cluster.proposed).toEqual([])
})

it('tries again until there is a leader', async () => {
  const cluster = new Cluster()
  cluster.failures = 2
  publishMember(cluster.node, MEMBER, systemClock)
  await vi.waitUntil(() => cluster.known.length > 0, { timeout: 5_000 })
  expect(cluster.proposed).toHaveLength(3)
})

it('stops when it is told to, also between two attempts', async () => {
  const cluster = new Cluster()
  cluster.failures = Infinity
  const stop = publishMember(cluster.node, MEMBER, systemClock)
  await settled()
  stop()
  stop()
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(cluster.proposed).toHaveLength(1)
})
