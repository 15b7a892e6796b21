/** Real transports on loopback: what arrives, what is refused, and what a broken wire does. */

import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { MemberId, Message } from '@holdfast/raft'
import { afterEach, describe, expect, it } from 'vitest'
import {
  CLUSTER_ID,
  DamagingWire,
  eventually,
  frameOf,
  freePort,
  HOST,
  LoopbackMember,
  NEW_DIRECTORY,
  NEW_START,
  openStream,
  ScriptedPeer,
  type MemberOptions,
} from './loopback.test-support.js'
import { PEER_PATH, upgradeHeaders } from './peer-protocol.js'

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(options: MemberOptions): Promise<LoopbackMember> {
  const member = new LoopbackMember(options)
  closing.push(() => member.transport.close())
  await member.listen()
  return member
}

async function startPeer(peer: ScriptedPeer | DamagingWire, port: number): Promise<void> {
  closing.push(() => peer.close())
  await peer.listen(port)
}

async function pair(): Promise<{ a: LoopbackMember; b: LoopbackMember; portOfB: number }> {
  const [portOfA, portOfB] = [await freePort(), await freePort()]
  const a = await start({ id: 'a', port: portOfA, peers: { b: portOfB } })
  const b = await start({ id: 'b', port: portOfB, peers: { a: portOfA } })
  await connected(a, b)
  return { a, b, portOfB }
}

/** The same, and the wire between them on which what `a` says can be hurt. */
async function wiredPair(): Promise<{ a: LoopbackMember; b: LoopbackMember; wire: DamagingWire }> {
  const [portOfA, portOfB, portOfWire] = [await freePort(), await freePort(), await freePort()]
  const wire = new DamagingWire(portOfB)
  await startPeer(wire, portOfWire)
  const b = await start({ id: 'b', port: portOfB, peers: { a: portOfA } })
  const a = await start({ id: 'a', port: portOfA, peers: { b: portOfWire } })
  await connected(a, b)
  // Two streams, and the question which run it is that has opened streams to `a`.
  await eventually(() => wire.connections).toBe(3)
  return { a, b, wire }
}

/** Both streams from one member to the other carry messages. Forgets what was said to find out. */
async function connected(from: LoopbackMember, to: LoopbackMember): Promise<void> {
  await eventually(() => {
    from.say(from.heartbeat(to.id, 999), from.appendEntries(to.id, 999))
    return new Set(to.messages.map(({ type }) => type)).size
  }).toBe(2)
  // All that was said on a stream has arrived when something said later has.
  from.say(from.heartbeat(to.id, 1_000), from.appendEntries(to.id, 1_000))
  await eventually(() => to.messages.filter(isLast).length).toBe(2)
  to.messages.length = 0
  from.unreachable.length = 0
}

function isLast(message: Message): boolean {
  return (
    (message.type === 'heartbeat' && message.readPosition === 1_000) ||
    (message.type === 'appendEntries' && message.prevLogIndex === 1_000)
  )
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

describe('delivery', () => {
  it('brings every message, in order on each channel, whatever was flushed together', async () => {
    const { a, b } = await pair()
    const count = 300
    for (let index = 0; index < count; index++) {
      a.transport.send(a.heartbeat('b', index))
      a.transport.send(a.appendEntries('b', index, 2_000))
      if (index % 7 === 0) a.transport.flush()
    }
    a.transport.flush()
    await eventually(() => b.messages.length).toBe(2 * count)
    const positions = b.messages.flatMap((each) =>
      each.type === 'heartbeat' ? each.readPosition : [],
    )
    const indexes = b.messages.flatMap((each) =>
      each.type === 'appendEntries' ? each.prevLogIndex : [],
    )
    const inOrder = Array.from({ length: count }, (_, index) => index)
    expect(positions).toEqual(inOrder)
    expect(indexes).toEqual(inOrder)
    expect(a.unreachable).toEqual([])
  })

  it('reaches each member of three, and only the one that is named', async () => {
    const ports = [await freePort(), await freePort(), await freePort()]
    const ids = ['a', 'b', 'c']
    const members = await Promise.all(
      ids.map((id, self) => {
        const peers = ids.map((peer, at) => [peer, ports[at]!] as const)
        const others = Object.fromEntries(peers.filter(([peer]) => peer !== id))
        return start({ id, port: ports[self]!, peers: others })
      }),
    )
    for (const from of members) {
      for (const to of members) if (from !== to) await connected(from, to)
    }
    const [a, b, c] = members
    a!.say(a!.heartbeat('b', 1), a!.heartbeat('c', 2))
    c!.say(c!.heartbeat('b', 3))
    await eventually(() => [b!.messages.length, c!.messages.length]).toEqual([2, 1])
    expect(b!.messages).toEqual(
      expect.arrayContaining([a!.heartbeat('b', 1), c!.heartbeat('b', 3)]),
    )
    expect(c!.messages).toEqual([a!.heartbeat('c', 2)])
    expect(a!.messages).toEqual([])
  })

  it('sends nothing before it is flushed, and nothing to a stranger', async () => {
    const { a, b } = await pair()
    a.transport.send(a.heartbeat('stranger', 1))
    a.transport.send(a.heartbeat('b', 2))
    await a.transport.request('b', 'a question flushes its channel', 5_000)
    expect(b.messages).toEqual([a.heartbeat('b', 2)])
  })

  it('goes on after the other member has restarted on the same port', async () => {
    const portOfA = await freePort()
    const portOfB = await freePort()
    const a = await start({ id: 'a', port: portOfA, peers: { b: portOfB } })
    const first = await start({ id: 'b', port: portOfB, peers: { a: portOfA } })
    await connected(a, first)
    await first.transport.close()
    const second = await start({ id: 'b', port: portOfB, peers: { a: portOfA } })
    await connected(a, second)
    await connected(second, a)
  })

  it('waits for a member that starts later', async () => {
    const portOfB = await freePort()
    const a = await start({ id: 'a', port: await freePort(), peers: { b: portOfB } })
    await eventually(() => {
      a.say(a.appendEntries('b', 1))
      return a.unreachable.length
    }).toBeGreaterThan(3)
    const b = await start({ id: 'b', port: portOfB, peers: { a: 1 } })
    await connected(a, b)
  })
})

describe('who is refused (catalogue 49)', () => {
  it.each<[string, Partial<MemberOptions>, string]>([
    ['belongs to another cluster', { clusterId: '78' }, 'this member belongs to cluster 77'],
    ['takes this member for another one', { peers: { x: 0 } }, 'this member is b'],
    ['is not known here', { id: 'stranger' }, 'the sender is no member of this cluster'],
  ])('a member that %s, with the reason, and nothing of it arrives', async (_who, odd, reason) => {
    const portOfB = await freePort()
    const b = await start({ id: 'b', port: portOfB, peers: { a: await freePort() } })
    const to = odd.peers === undefined ? 'b' : 'x'
    const a = await start({ id: 'a', port: await freePort(), ...odd, peers: { [to]: portOfB } })
    const attempts = 6
    await eventually(() => {
      a.say(a.heartbeat(to, 1), a.appendEntries(to, 1))
      return b.refusals.length
    }).toBeGreaterThan(attempts)
    expect(b.messages).toEqual([])
    expect(new Set(b.refusals)).toEqual(new Set([`${reason}: asked by ${HOST}`]))
    // Both channels say so, once each, however often they try.
    expect(a.refusals).toEqual([reason, reason])
    expect(a.otherClusters.size).toBe(reason.includes('cluster 77') ? 1 : 0)
  })

  it.each([
    ['another version of the protocol', { upgrade: 'holdfast-peer/2' }, 'speaks holdfast-peer/1'],
    ['an unknown channel', { 'holdfast-channel': 'gossip' }, 'unknown channel'],
  ])('a stream of %s', async (_what, headers, reason) => {
    const { portOfB } = await pair()
    const opening = openStream(portOfB, { from: 'a', to: 'b', channel: 'log' }, headers)
    await expect(opening).rejects.toThrow(reason)
  })

  it('a stream of a member that has lost what it had said, and tells it (catalogue 34)', async () => {
    const [portOfA, portOfB] = [await freePort(), await freePort()]
    const b = await start({ id: 'b', port: portOfB, peers: { a: portOfA } })
    const a = await start({ id: 'a', port: portOfA, peers: { b: portOfB } })
    const envelope = { from: 'a', to: 'b', term: 3 } as const
    await eventually(() => {
      a.say({ type: 'appendEntriesAccepted', ...envelope, matchIndex: 9 })
      return b.messages.length
    }).toBeGreaterThan(0)
    await a.transport.close()

    const restarted = { id: 'a', port: portOfA, peers: { b: portOfB } }
    const sound = await start({ ...restarted, start: { term: 3, lastIndex: 9 } })
    await eventually(() => {
      sound.say(sound.heartbeat('b', 1))
      return b.messages.some(({ type }) => type === 'heartbeat')
    }).toBe(true)
    await sound.transport.close()
    const old = await start({ ...restarted, start: { term: 3, lastIndex: 8 } })
    const lost = 'forgetful: it had acknowledged entry 9, and started with 8'
    await eventually(() => old.refusals).toContain(lost)
  })

  it('no stream of a member that goes on, and has said more since it started', async () => {
    const { a, b, wire } = await wiredPair()
    a.say({ type: 'appendEntriesAccepted', from: 'a', to: 'b', term: 3, matchIndex: 9 })
    await eventually(() => b.messages.splice(0).length).toBeGreaterThan(0)
    wire.cutAll()
    await connected(a, b)
    expect(a.refusals).toEqual([])
  })

  it('a stream at another path, and anything that is not a stream', async () => {
    const { b, portOfB } = await pair()
    const headers = upgradeHeaders({
      clusterId: CLUSTER_ID,
      from: 'a',
      to: 'b',
      channel: 'log',
      run: 'one',
      start: NEW_START,
      directory: NEW_DIRECTORY,
    })
    const status = (path: string, options: object): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = get({ host: HOST, port: portOfB, path, agent: false, ...options })
        asked.once('response', (response) => {
          resolve(response.statusCode)
          asked.destroy()
        })
        asked.once('error', reject)
      })
    expect(await status('/elsewhere', { headers })).toBe(412)
    expect(await status(PEER_PATH, {})).toBe(426)
    expect(b.messages).toEqual([])
  })

  it('cannot keep the member from closing by holding on to the connection', async () => {
    const port = await freePort()
    const b = await start({ id: 'b', port, peers: { a: await freePort() } })
    const stubborn = connect({ port, host: HOST, allowHalfOpen: true })
    const headers = upgradeHeaders({
      clusterId: '78',
      from: 'a',
      to: 'b',
      channel: 'log',
      run: 'one',
      start: NEW_START,
      directory: NEW_DIRECTORY,
    })
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    stubborn.write(`GET ${PEER_PATH} HTTP/1.1\r\nhost: b\r\n${lines.join('')}\r\n`)
    stubborn.resume()
    await eventually(() => b.refusals.length).toBe(1)
    await b.transport.close()
    stubborn.destroy()
  })
})

describe('a damaged or foreign stream (catalogue 54)', () => {
  it('is closed and opened again, and what follows arrives', async () => {
    const { a, b, wire } = await wiredPair()
    const before = wire.connections
    wire.damagesNext = true
    a.say(a.heartbeat('b', 1))
    await eventually(() => b.refusals).toEqual(['a frame fails its checksum'])
    await connected(a, b)
    expect(wire.connections).toBe(before + 1)
  })

  it.each<[string, Buffer]>([
    ['no frame', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame of no messages', frameOf(...('x' as unknown as []))],
    ['a message from somebody else', frameOf({ ...heartbeatFrom('c'), to: 'b' })],
    ['a message of an unknown type', frameOf({ ...heartbeatFrom('a'), type: 'gossip' } as never)],
    ['a message with a broken term', frameOf({ ...heartbeatFrom('a'), term: 1.5 })],
  ])('is closed when it holds %s, and nothing of it is delivered', async (_what, bytes) => {
    const portOfB = await freePort()
    const b = await start({ id: 'b', port: portOfB, peers: { a: await freePort() } })
    const socket = await openStream(portOfB, {
      from: 'a',
      to: 'b',
      channel: 'log',
    })
    const closed = ended(socket)
    socket.write(bytes)
    await closed
    expect(b.messages).toEqual([])
    expect(b.refusals).toHaveLength(1)
  })

  it('is let go of when its sender has closed its half', async () => {
    const portOfB = await freePort()
    const b = await start({ id: 'b', port: portOfB, peers: { a: await freePort() } })
    const socket = await openStream(portOfB, { from: 'a', to: 'b', channel: 'control' })
    const closed = ended(socket)
    socket.end(frameOf(heartbeatFrom('a')))
    await closed
    expect(b.messages).toEqual([heartbeatFrom('a')])
  })

  it('is opened anew when the other end has gone silent without a word (catalogue 55)', async () => {
    const { a, b, wire } = await wiredPair()
    const before = wire.connections
    wire.swallows = true
    await eventually(() => wire.connections).toBeGreaterThan(before + 1)
    wire.swallows = false
    await connected(a, b)
  })

  it('takes the place of the one before, which may be half open (catalogue 55)', async () => {
    const portOfB = await freePort()
    const b = await start({ id: 'b', port: portOfB, peers: { a: await freePort() } })
    const old = await openStream(portOfB, { from: 'a', to: 'b', channel: 'control' })
    const other = await openStream(portOfB, {
      from: 'a',
      to: 'b',
      channel: 'log',
    })
    const closed = ended(old)
    const renewed = await openStream(portOfB, { from: 'a', to: 'b', channel: 'control' })
    await closed
    renewed.write(frameOf(heartbeatFrom('a')))
    other.write(frameOf(heartbeatFrom('a')))
    await eventually(() => b.messages.length).toBe(2)
  })
})

function heartbeatFrom(from: MemberId): Message {
  return { type: 'heartbeat', from, to: 'b', term: 1, commitIndex: 0, readPosition: 0 }
}

describe('what cannot be sent', () => {
  async function alone(): Promise<LoopbackMember> {
    return start({ id: 'a', port: await freePort(), peers: { b: await freePort() } })
  }

  it('is reported when it was an AppendEntries, so that the leader probes (catalogue 17)', async () => {
    const a = await alone()
    a.say(a.heartbeat('b', 1))
    expect(a.unreachable).toEqual([])
    a.say(a.appendEntries('b', 1), a.appendEntries('b', 2))
    expect(a.unreachable).toEqual(['b'])
  })

  it('is answered as refused when it was a proposal, since it was appended nowhere', async () => {
    const a = await alone()
    const commands = [Buffer.of(1)]
    a.say({ type: 'forwardProposal', from: 'a', to: 'b', term: 4, ref: 9, commands })
    expect(a.messages).toEqual([])
    await eventually(() => a.messages).toEqual([
      { type: 'forwardProposalRejected', from: 'b', to: 'a', term: 4, ref: 9 },
    ])
  })

  it('is not sent late either, when the peer comes', async () => {
    const portOfB = await freePort()
    const a = await start({ id: 'a', port: await freePort(), peers: { b: portOfB } })
    a.say(a.heartbeat('b', 1), a.appendEntries('b', 1))
    const b = await start({ id: 'b', port: portOfB, peers: { a: 1 } })
    await eventually(() => {
      a.say(a.heartbeat('b', 2), a.appendEntries('b', 2))
      return b.messages.length
    }).toBeGreaterThan(2)
    expect(b.messages).not.toContainEqual(a.heartbeat('b', 1))
    expect(b.messages).not.toContainEqual(a.appendEntries('b', 1))
  })

  it('was perhaps lost with the stream that broke, which is reported as well', async () => {
    const { a, b } = await pair()
    await b.transport.close()
    await eventually(() => a.unreachable).toContain('b')
  })

  it('does not keep heartbeats waiting when the peer has stopped reading its log', async () => {
    const portOfB = await freePort()
    const peer = new ScriptedPeer('b', ['control'])
    await startPeer(peer, portOfB)
    const a = await start({ id: 'a', port: await freePort(), peers: { b: portOfB } })
    await eventually(() => peer.sockets.length).toBe(2)
    await eventually(() => {
      a.say(a.heartbeat('b', 0))
      return peer.received.length
    }).toBeGreaterThan(0)
    a.unreachable.length = 0
    let sentMib = 0
    // The wire takes some, then 64 MiB wait in the socket, and then messages are dropped.
    while (a.unreachable.length === 0 && sentMib < 200) {
      a.say(a.appendEntries('b', sentMib, 1024 * 1024))
      sentMib += 1
    }
    expect(sentMib).toBeGreaterThan(60)
    expect(sentMib).toBeLessThan(100)
    a.say(a.heartbeat('b', 7))
    await eventually(() => peer.received).toContainEqual(a.heartbeat('b', 7))
  })
})
