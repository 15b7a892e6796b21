/** Questions to other members: each is settled once, by its own answer or by a reason. */

import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  eventually,
  frameOf,
  freePort,
  LoopbackMember,
  openStream,
  ScriptedPeer,
} from './loopback.test-support.js'
import type { PeerQuestion } from './peer-codec.js'

/** Longer than a test lasts: what settles earlier was not settled by the clock. */
const LONG_MS = 600_000

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(
  id: string,
  port: number,
  peers: Readonly<Record<string, number>>,
): Promise<LoopbackMember> {
  const member = new LoopbackMember({ id, port, peers })
  closing.push(() => member.transport.close())
  await member.listen()
  return member
}

async function pair(): Promise<{ a: LoopbackMember; b: LoopbackMember }> {
  const [portOfA, portOfB] = [await freePort(), await freePort()]
  const a = await start('a', portOfA, { b: portOfB })
  const b = await start('b', portOfB, { a: portOfA })
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    await eventually(() => {
      from.say(from.heartbeat(to.id, 1))
      return to.messages.length
    }).toBeGreaterThan(0)
  }
  return { a, b }
}

/** A peer that was asked, and through whose streams a test may answer whatever it likes. */
async function scripted(): Promise<{
  a: LoopbackMember
  peer: ScriptedPeer
  streamFrom: (id: string) => Promise<Socket>
  question: (at?: number) => Promise<PeerQuestion>
}> {
  const [portOfA, portOfB] = [await freePort(), await freePort()]
  const peer = new ScriptedPeer('b')
  closing.push(() => peer.close())
  await peer.listen(portOfB)
  const a = await start('a', portOfA, { b: portOfB, c: await freePort() })
  await eventually(() => peer.sockets.length).toBe(2)
  await eventually(() => {
    a.say(a.heartbeat('b', 1))
    return peer.received.length
  }).toBeGreaterThan(0)
  const questions = (): PeerQuestion[] =>
    peer.received.filter((message) => message.type === 'question')
  return {
    a,
    peer,
    streamFrom: (id) => openStream(portOfA, { from: id, to: 'a', channel: 'control' }),
    question: async (at = 0) => {
      await eventually(() => questions().length).toBeGreaterThan(at)
      return questions()[at]!
    },
  }
}

describe('a question', () => {
  it('is answered by the peer that was asked, several at a time in any order', async () => {
    const { a, b } = await pair()
    const answers: (() => void)[] = []
    b.answer = (body) =>
      new Promise((resolve) => answers.push(() => resolve({ type: 'answer', to: body })))
    const asked = [1, 2, 3].map((body) => a.transport.request('b', body, LONG_MS))
    await eventually(() => answers.length).toBe(3)
    for (const answer of answers.reverse()) answer()
    expect(await Promise.all(asked)).toEqual([1, 2, 3].map((to) => ({ type: 'answer', to })))
  })

  it('fails when the peer cannot answer it', async () => {
    const { a, b } = await pair()
    b.answer = () => Promise.reject(new Error('not the leader'))
    await expect(a.transport.request('b', 1, LONG_MS)).rejects.toThrow('could not answer')
  })

  it('fails when its time is up', async () => {
    const { a, b } = await pair()
    b.answer = () => new Promise(() => undefined)
    await expect(a.transport.request('b', 1, 50)).rejects.toThrow('no answer in time')
  })

  it('fails at once when the peer is not connected, or is none', async () => {
    const a = await start('a', await freePort(), { b: await freePort() })
    await expect(a.transport.request('b', 1, LONG_MS)).rejects.toThrow('not connected')
    await expect(a.transport.request('c', 1, LONG_MS)).rejects.toThrow('no peer')
  })

  it('fails at once when the peer goes away before it has answered', async () => {
    const { a, b } = await pair()
    b.answer = () => new Promise(() => undefined)
    const asked = a.transport.request('b', 1, LONG_MS)
    const gone = expect(asked).rejects.toThrow('not connected')
    await b.transport.close()
    await gone
  })

  it('fails when the transport closes, and later ones fail at once', async () => {
    const { a, b } = await pair()
    b.answer = () => new Promise(() => undefined)
    const asked = a.transport.request('b', 1, LONG_MS)
    const failed = expect(asked).rejects.toThrow('closing')
    const closed = a.transport.close()
    const late = expect(a.transport.request('b', 1, LONG_MS)).rejects.toThrow('not connected')
    await Promise.all([failed, late, closed])
  })

  it('is not settled by an answer to the question of an earlier run', async () => {
    const runs = [await scripted(), await scripted()]
    for (const { a } of runs) void a.transport.request('b', 1, LONG_MS).catch(() => undefined)
    const [first, second] = await Promise.all(runs.map(({ question }) => question()))
    expect(first!.id).not.toBe(second!.id)
  })

  it('is not settled by a member that was not asked', async () => {
    const { a, streamFrom, question } = await scripted()
    const asked = a.transport.request('b', 1, LONG_MS)
    const { id } = await question()
    const fromStranger = await streamFrom('c')
    fromStranger.write(frameOf({ type: 'reply', id, body: 'wrong' }, heartbeatFrom('c')))
    await eventually(() => a.messages.length).toBe(1)
    const fromAsked = await streamFrom('b')
    fromAsked.write(frameOf({ type: 'reply', id, body: 'right' }))
    expect(await asked).toBe('right')
  })

  it('passes over a second answer and one that nobody waits for', async () => {
    const { a, streamFrom, question } = await scripted()
    const first = a.transport.request('b', 1, LONG_MS)
    const { id } = await question()
    const stream = await streamFrom('b')
    stream.write(
      frameOf(
        { type: 'reply', id, body: 'first' },
        { type: 'reply', id, body: 'second' },
        { type: 'reply', id: id + 1_000, body: 'nobody' },
      ),
    )
    expect(await first).toBe('first')
    const next = a.transport.request('b', 2, LONG_MS)
    const asked = await question(1)
    stream.write(frameOf({ type: 'reply', id: asked.id, body: 'next' }))
    expect(await next).toBe('next')
  })
})

function heartbeatFrom(from: string): {
  readonly type: 'heartbeat'
  readonly from: string
  readonly to: string
  readonly term: number
  readonly commitIndex: number
  readonly readPosition: number
} {
  return { type: 'heartbeat', from, to: 'a', term: 1, commitIndex: 0, readPosition: 0 }
}
