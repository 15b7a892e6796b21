/** Snapshots between real transports on loopback (catalogue 40, 42, 55). */

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InstallSnapshot } from '@holdfast/raft'
import { afterEach, expect, it } from 'vitest'
import { DamagingWire, eventually, freePort, LoopbackMember } from './loopback.test-support.js'
import { CHUNK_BYTES, type SnapshotFile } from './snapshot-protocol.js'
import type { SnapshotSink } from './snapshot-receiver.js'

const MIB = 1024 * 1024
const directory = mkdtempSync(join(tmpdir(), 'holdfast-snapshot-stream-'))
const path = join(directory, 'sent.db')
const contents = Buffer.alloc(3 * MIB, 'abcdefg')
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const file: SnapshotFile = { bytes: contents.length, sha256: sha256Of(contents) }
writeFileSync(path, contents)

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))

const message: InstallSnapshot = {
  type: 'installSnapshot',
  from: 'a',
  to: 'b',
  term: 3,
  snapshot: { index: 9, term: 2, membership: { voters: ['a', 'b'], learners: [] } },
}

/** Keeps what it is given in memory. */
class MemorySink implements SnapshotSink {
  readonly chunks: Buffer[] = []
  readonly #file: SnapshotFile
  readonly #onWritten: (sink: MemorySink) => void
  isDiscarded = false
  isFinished = false
  /** Until then it is not durable. */
  finishes: Promise<void> | undefined

  constructor(expected: SnapshotFile, onWritten: (sink: MemorySink) => void = () => undefined) {
    this.#file = expected
    this.#onWritten = onWritten
  }

  get bytes(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0)
  }

  get isComplete(): boolean {
    return this.bytes === this.#file.bytes
  }

  write(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk))
    this.#onWritten(this)
  }

  async finish(): Promise<void> {
    await this.finishes
    if (sha256Of(Buffer.concat(this.chunks)) !== this.#file.sha256) throw new Error('another file')
    this.isFinished = true
  }

  discard(): void {
    this.isDiscarded = true
  }
}

interface Pair {
  readonly a: LoopbackMember
  readonly b: LoopbackMember
  readonly portOfB: number
  readonly wire: DamagingWire
  readonly sinks: MemorySink[]
}

/** Two members, and a wire on which the first one’s streams can be hurt. */
async function pair(): Promise<Pair> {
  const [portOfA, portOfB, portOfWire] = [await freePort(), await freePort(), await freePort()]
  const wire = new DamagingWire(portOfB)
  closing.push(() => wire.close())
  await wire.listen(portOfWire)
  const b = new LoopbackMember({ id: 'b', port: portOfB, peers: { a: portOfA, c: portOfA } })
  const a = new LoopbackMember({ id: 'a', port: portOfA, peers: { b: portOfWire } })
  for (const member of [b, a]) {
    closing.push(() => member.transport.close())
    await member.listen()
  }
  const sinks: MemorySink[] = []
  b.beginSnapshot = (_message, expected) => {
    sinks.push(new MemorySink(expected))
    return sinks.at(-1)!
  }
  return { a, b, portOfB, wire, sinks }
}

it('arrive whole, and only then reach the core', async () => {
  const { a, b, sinks } = await pair()
  await a.transport.sendSnapshot(message, path, file)
  expect(Buffer.concat(sinks[0]!.chunks).equals(contents)).toBe(true)
  expect(sinks[0]!.isFinished).toBe(true)
  expect(b.messages).toEqual([message])
})

it('hold up nothing while they are made durable, and reach the core only then', async () => {
  const { a, b, portOfB, sinks } = await pair()
  const c = new LoopbackMember({ id: 'c', port: await freePort(), peers: { b: portOfB } })
  closing.push(() => c.transport.close())
  let finish = (): void => undefined
  b.beginSnapshot = (_message, expected) => {
    sinks.push(new MemorySink(expected))
    sinks.at(-1)!.finishes = new Promise((resolve) => (finish = resolve))
    return sinks.at(-1)!
  }
  const sent = a.transport.sendSnapshot(message, path, file)
  await eventually(() => sinks[0]?.isComplete).toBe(true)
  const other = { bytes: MIB, sha256: sha256Of(contents.subarray(0, MIB)) }
  const later = { ...message, from: 'c', term: message.term + 1 }
  await expect(c.transport.sendSnapshot(later, path, other)).rejects.toThrow('made durable')
  expect(b.messages).toEqual([])
  finish()
  await sent
  expect(b.messages).toEqual([message])
  expect(sinks).toHaveLength(1)
})

it('that are being made durable are waited for by who closes, and do not reach the core', async () => {
  const { a, b, sinks } = await pair()
  let finish = (): void => undefined
  b.beginSnapshot = (_message, expected) => {
    sinks.push(new MemorySink(expected))
    sinks.at(-1)!.finishes = new Promise((resolve) => (finish = resolve))
    return sinks.at(-1)!
  }
  a.transport.sendSnapshot(message, path, file).catch(() => undefined)
  await eventually(() => sinks[0]?.isComplete).toBe(true)
  let isClosed = false
  const closed = b.transport.close().then(() => (isClosed = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(isClosed).toBe(false)
  finish()
  await closed
  expect(sinks[0]!.isFinished).toBe(true)
  expect(b.messages).toEqual([])
})

it('go on where the stream broke off (catalogue 40)', async () => {
  const { a, b, wire, sinks } = await pair()
  let isCut = false
  const cutOnce = ({ bytes }: MemorySink): void => {
    if (isCut || bytes < MIB) return
    isCut = true
    wire.cutAll()
  }
  b.beginSnapshot = (_message, expected) => {
    sinks.push(new MemorySink(expected, cutOnce))
    return sinks.at(-1)!
  }
  await a.transport.sendSnapshot(message, path, file)
  expect(isCut).toBe(true)
  expect(sinks).toHaveLength(1)
  expect(Buffer.concat(sinks[0]!.chunks).equals(contents)).toBe(true)
  expect(b.messages).toEqual([message])
})

it('are not taken over when a chunk was damaged on the way', async () => {
  const { a, b, wire, sinks } = await pair()
  b.beginSnapshot = (_message, expected) => {
    const damage = ({ bytes }: MemorySink): void => {
      if (sinks.length === 1 && bytes > MIB) wire.damagesNext = true
    }
    sinks.push(new MemorySink(expected, damage))
    return sinks.at(-1)!
  }
  await a.transport.sendSnapshot(message, path, file).catch(() => undefined)
  expect(sinks[0]!.isFinished).toBe(false)
  expect(b.messages.length).toBe(sinks.filter(({ isFinished }) => isFinished).length)
})

it('are refused with a reason, which ends the sending at once', async () => {
  const { a, b } = await pair()
  b.beginSnapshot = () => 'it is of no use here now'
  await expect(a.transport.sendSnapshot(message, path, file)).rejects.toThrow('no use')
  expect(b.messages).toEqual([])
})

it('give way to a newer one, one at a time', async () => {
  const { a, b, sinks } = await pair()
  const newer = { bytes: MIB, sha256: sha256Of(contents.subarray(0, MIB)) }
  const offerNewer = ({ bytes }: MemorySink): void => {
    if (bytes !== CHUNK_BYTES) return
    a.transport.sendSnapshot(message, path, newer).catch(() => undefined)
  }
  b.beginSnapshot = (_message, expected) => {
    sinks.push(new MemorySink(expected, expected === newer ? undefined : offerNewer))
    return sinks.at(-1)!
  }
  a.transport.sendSnapshot(message, path, file).catch(() => undefined)
  await eventually(() => sinks[1]?.isFinished).toBe(true)
  expect(sinks[0]!.isDiscarded).toBe(true)
})

it('do not give way to one of an earlier leader, which the core would have no use for', async () => {
  const { a, b, portOfB, sinks } = await pair()
  const c = new LoopbackMember({ id: 'c', port: await freePort(), peers: { b: portOfB } })
  closing.push(() => c.transport.close())
  const older = { bytes: MIB, sha256: sha256Of(contents.subarray(0, MIB)) }
  const refused: Promise<void>[] = []
  const offerOlder = ({ bytes }: MemorySink): void => {
    if (bytes !== CHUNK_BYTES) return
    const sending = c.transport.sendSnapshot({ ...message, from: 'c', term: 2 }, path, older)
    refused.push(expect(sending).rejects.toThrow('later leader'))
  }
  b.beginSnapshot = (_message, expected) => {
    sinks.push(new MemorySink(expected, offerOlder))
    return sinks.at(-1)!
  }
  await a.transport.sendSnapshot(message, path, file)
  await Promise.all(refused)
  expect(refused).toHaveLength(1)
  expect(sinks).toHaveLength(1)
  expect(b.messages).toEqual([message])
})

it('leave nothing behind on their stream, however many chunks they have', async () => {
  const warnings: Error[] = []
  const collect = (warning: Error): void => void warnings.push(warning)
  process.on('warning', collect)
  closing.push(() => Promise.resolve(process.off('warning', collect)))
  const { a } = await pair()
  await a.transport.sendSnapshot(message, path, file)
  expect(warnings).toEqual([])
})

it('are given up when the sender closes, even while it opens a stream', async () => {
  const port = await freePort()
  const received: Buffer[] = []
  const opened: { accept?: () => void } = {}
  const hasEnded = new Promise<void>((resolve) => {
    const server = createServer().listen(port, '127.0.0.1')
    server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      socket.on('error', () => socket.destroy())
      if (request.headers['holdfast-channel'] !== 'snapshot') return void socket.destroy()
      socket.on('data', (chunk: Buffer) => received.push(chunk))
      socket.once('end', () => socket.destroy())
      socket.once('close', resolve)
      opened.accept = () =>
        socket.write('HTTP/1.1 101 .\r\nconnection: Upgrade\r\nupgrade: x\r\n\r\n')
    })
    closing.push(() => Promise.resolve(server.close()))
  })
  const a = new LoopbackMember({ id: 'a', port: await freePort(), peers: { b: port } })
  await a.listen()
  const sending = a.transport.sendSnapshot(message, path, file)
  const isAborted = expect(sending).rejects.toThrow('aborted')
  await eventually(() => opened.accept).toBeDefined()
  await a.transport.close()
  opened.accept?.()
  await isAborted
  await hasEnded
  expect(received).toEqual([])
})

it('cannot be sent to a member that is not there', async () => {
  const a = new LoopbackMember({
    id: 'a',
    port: await freePort(),
    peers: { b: await freePort() },
  })
  closing.push(() => a.transport.close())
  await a.listen()
  await expect(a.transport.sendSnapshot(message, path, file)).rejects.toThrow('could not be sent')
})
