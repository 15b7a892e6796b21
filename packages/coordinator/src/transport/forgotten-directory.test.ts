/** Members that run on another directory than the one that they are known by (catalogue 34). */

import { afterEach, expect, it } from 'vitest'
import type { DirectoryStamp } from '../state-machine/directory-stamp.js'
import {
  eventually,
  freePort,
  LoopbackMember,
  NEW_DIRECTORY,
  openStream,
} from './loopback.test-support.js'

const KNOWN: DirectoryStamp = { directoryId: 'd', generation: 3, generationId: 'x' }
const OLD: DirectoryStamp = { directoryId: 'd', generation: 2, generationId: 'w' }
const LOST = /another data directory/

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Pair {
  readonly a: LoopbackMember
  readonly b: LoopbackMember
  readonly portOfB: number
}

/** `a` runs on this directory; `b` knows it by that one. */
async function pair(directory: DirectoryStamp, known?: DirectoryStamp): Promise<Pair> {
  const [portOfA, portOfB] = [await freePort(), await freePort()]
  const b = new LoopbackMember({ id: 'b', port: portOfB, peers: { a: portOfA } })
  if (known !== undefined) b.directories.set('a', known)
  const a = new LoopbackMember({ id: 'a', port: portOfA, peers: { b: portOfB }, directory })
  for (const member of [a, b]) {
    closing.push(() => member.transport.close())
    await member.listen()
  }
  return { a, b, portOfB }
}

/** Something said on each of the two streams has arrived. */
async function isHeard({ a, b }: Pair): Promise<void> {
  b.messages.length = 0
  await eventually(() => {
    a.say(a.heartbeat('b', 1), a.appendEntries('b', 1))
    return new Set(b.messages.map(({ type }) => type)).size
  }).toBe(2)
}

function isTold(member: LoopbackMember, what: RegExp): Promise<void> {
  return eventually(() => member.refusals.findLast((one) => one.startsWith('forgetful'))).toMatch(
    what,
  )
}

it.each([
  ['another directory', NEW_DIRECTORY, LOST],
  ['an old copy of it', OLD, /had been started again since this copy/],
])('a member on %s is refused and told, and nothing of it arrives', async (_what, shown, what) => {
  const { a, b } = await pair(shown, KNOWN)
  await isTold(a, what)
  a.say(a.heartbeat('b', 1), a.appendEntries('b', 1))
  expect(b.messages).toEqual([])
  // The other way all is well.
  expect(b.refusals.filter((one) => one.startsWith('forgetful'))).toEqual([])
})

it.each([
  ['that it is known by', KNOWN, KNOWN],
  ['that was started since', { ...KNOWN, generation: 4, generationId: 'y' }, KNOWN],
  ['of which nobody knows', NEW_DIRECTORY, undefined],
])('a member on the directory %s is heard', async (_what, shown, known) => {
  const both = await pair(shown, known)
  await isHeard(both)
  both.b.transport.dropForgetful()
  await isHeard(both)
  expect(both.a.refusals).toEqual([])
})

it('a member that is known only after it was let in is cut off, and refused', async () => {
  const both = await pair(OLD)
  await isHeard(both)
  const { a, b } = both
  b.directories.set('a', KNOWN)
  b.transport.dropForgetful()
  await isTold(a, /had been started again since this copy/)
})

it('a stream that does not tell of a directory is refused only where one is known', async () => {
  const { b, portOfB } = await pair(KNOWN)
  const stream = { from: 'a', to: 'b', channel: 'snapshot' } as const
  const silent = { 'holdfast-generation': 'x' }
  const socket = await openStream(portOfB, stream, silent)
  socket.destroy()
  b.directories.set('a', KNOWN)
  const again = { ...silent, 'holdfast-run': 'another' }
  await expect(openStream(portOfB, stream, again)).rejects.toThrow(LOST)
})
