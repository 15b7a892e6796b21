/** Ids that every member computes alike, and that no other cluster has (catalogue 49, 50). */

import { describe, expect, it } from 'vitest'
import { deriveIdentity, type ClusterIdentity } from './cluster-identity.js'

const CLUSTER = { a: 'http://h:1', b: 'http://h:2', c: 'http://h:3' }

function identity(name = 'a', initialCluster = CLUSTER, clusterToken = 'token'): ClusterIdentity {
  return deriveIdentity({ name, initialCluster, clusterToken })
}

describe('members of one cluster', () => {
  it('compute the same ids, each its own', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => identity(name))
    expect(b!.members).toEqual(a!.members)
    expect(c!.members).toEqual(a!.members)
    expect(new Set([a!.clusterId, b!.clusterId, c!.clusterId]).size).toBe(1)
    const own = [a!, b!, c!].map(({ memberId }) => memberId)
    expect(new Set(own).size).toBe(3)
    expect(new Set(a!.members.map(({ id }) => id))).toEqual(new Set(own))
    expect(a!.members.find(({ id }) => id === a!.memberId)).toEqual({
      id: a!.memberId,
      name: 'a',
      peerUrl: 'http://h:1',
    })
  })

  it('do so in whatever order and spelling they were listed', () => {
    const shuffled = { c: 'http://H:3/', a: 'http://h:1/', b: 'http://h:2' }
    expect(identity('b', shuffled)).toEqual(identity('b'))
  })

  it('are ordered by id as text', () => {
    const ids = identity().members.map(({ id }) => id)
    expect(ids).toEqual([...ids].sort())
  })

  it('do so in every version: these ids are in data directories', () => {
    expect(identity()).toMatchInlineSnapshot(`
      {
        "clusterId": "2624230753757613431",
        "memberId": "13282736786693436087",
        "members": [
          {
            "id": "13282736786693436087",
            "name": "a",
            "peerUrl": "http://h:1",
          },
          {
            "id": "16384018128458001970",
            "name": "c",
            "peerUrl": "http://h:3",
          },
          {
            "id": "2314737606480896918",
            "name": "b",
            "peerUrl": "http://h:2",
          },
        ],
      }
    `)
  })
})

describe('another cluster', () => {
  it.each([
    ['by its token', identity('a', CLUSTER, 'other')],
    ['by an address', identity('a', { ...CLUSTER, c: 'http://h:4' })],
    ['by a member less', identity('a', { a: CLUSTER.a, b: CLUSTER.b } as typeof CLUSTER)],
  ])('has another id: %s', (_, other) => {
    expect(other.clusterId).not.toBe(identity().clusterId)
  })

  it('has other members, if its token differs', () => {
    const ids = new Set(identity().members.map(({ id }) => id))
    const others = identity('a', CLUSTER, 'other').members
    expect(others.some(({ id }) => ids.has(id))).toBe(false)
  })
})

it('ids are unsigned 64-bit integers in decimal', () => {
  const { clusterId, members } = identity()
  for (const id of [clusterId, ...members.map((member) => member.id)]) {
    expect(id).toMatch(/^(0|[1-9]\d*)$/)
    expect(BigInt.asUintN(64, BigInt(id)).toString()).toBe(id)
  }
})

it('a name alone decides nothing: a member may be renamed', () => {
  const renamed = { x: 'http://h:1', b: 'http://h:2', c: 'http://h:3' } as unknown as typeof CLUSTER
  const before = identity()
  const after = identity('x', renamed)
  expect([after.clusterId, after.memberId]).toEqual([before.clusterId, before.memberId])
})

it('a member that is not listed has none', () => {
  expect(() => identity('d')).toThrow('does not list this member')
})
