/**
 * The sending end of snapshots. A stream that breaks is opened again and goes on where it broke off;
 * one that stops moving is given up.
 */

import { open, type FileHandle } from 'node:fs/promises'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { FrameReader, frameHeader } from './frame.js'
import { openStream } from './open-stream.js'
import type { StreamIdentity } from './peer-protocol.js'
import {
  CHUNK_BYTES,
  decodeAnswer,
  encodeSnapshotFrame,
  type SnapshotAnswer,
  type SnapshotOffer,
} from './snapshot-protocol.js'

/** Attempts in a row that got nothing across. */
const MAX_IDLE_ATTEMPTS = 5
const RETRY_MS = 200
/** Without a word or a byte taken for so long, the stream is given up. */
const SILENCE_MS = 10_000

export interface SnapshotSending {
  readonly url: string
  readonly identity: StreamIdentity
  readonly offer: SnapshotOffer
  readonly path: string
  readonly signal: AbortSignal
}

/** The receiver has it, or does not want it. @throws when it could not be sent */
export async function sendSnapshot(sending: SnapshotSending): Promise<void> {
  const file = await open(sending.path, 'r')
  try {
    let reached = -1
    for (let idle = 0; idle < MAX_IDLE_ATTEMPTS; idle++) {
      sending.signal.throwIfAborted()
      const attempt = new Attempt(sending, file)
      if (await attempt.run()) return
      if (attempt.offset > reached) idle = 0
      reached = Math.max(reached, attempt.offset)
      await delay(RETRY_MS, undefined, { signal: sending.signal })
    }
    throw new Error('the snapshot could not be sent')
  } finally {
    await file.close()
  }
}

class Attempt {
  readonly #sending: SnapshotSending
  readonly #file: FileHandle
  /** Sent so far, counted from the beginning of the file; -1 until the receiver has said where. */
  offset = -1

  constructor(sending: SnapshotSending, file: FileHandle) {
    this.#sending = sending
    this.#file = file
  }

  /** True when the receiver has it all; false when the stream broke. @throws when it was refused */
  async run(): Promise<boolean> {
    const socket = await this.#connect()
    if (socket === undefined) return false
    if (this.#sending.signal.aborted) {
      socket.destroy()
      return false
    }
    const abort = (): void => void socket.destroy()
    this.#sending.signal.addEventListener('abort', abort)
    socket.setTimeout(SILENCE_MS, abort)
    try {
      const answers = new Answers(socket)
      await write(socket, encodeSnapshotFrame(this.#sending.offer))
      const first = await answers.next()
      if (first === undefined || !('offset' in first)) return false
      await this.#sendFrom(first.offset, socket)
      const last = await answers.next()
      return last !== undefined && 'done' in last
    } finally {
      this.#sending.signal.removeEventListener('abort', abort)
      socket.destroy()
    }
  }

  async #sendFrom(offset: number, socket: Socket): Promise<void> {
    const { bytes } = this.#sending.offer.file
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    this.offset = offset
    while (this.offset < bytes && !socket.destroyed) {
      const { bytesRead } = await this.#file.read(chunk, 0, CHUNK_BYTES, this.offset)
      if (bytesRead === 0) throw new Error('the file of the snapshot is shorter than it was')
      // Copied: the socket may still hold it when the next is read.
      await write(socket, Buffer.from(chunk.subarray(0, bytesRead)))
      this.offset += bytesRead
    }
  }

  #connect(): Promise<Socket | undefined> {
    const { url, identity } = this.#sending
    return new Promise((resolve) => {
      openStream({ url, identity, onOpen: resolve, onFailed: () => resolve(undefined) })
    })
  }
}

/** What the receiver says, one frame at a time. */
class Answers {
  readonly #waiting: SnapshotAnswer[] = []
  #wake: (() => void) | undefined
  #ended = false

  constructor(socket: Socket) {
    const reader = new FrameReader()
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#waiting.push(...reader.push(chunk).map(decodeAnswer))
      } catch {
        socket.destroy()
      }
      this.#wake?.()
    })
    socket.once('close', () => {
      this.#ended = true
      this.#wake?.()
    })
  }

  /** Undefined when the stream has ended. @throws when the receiver refuses */
  async next(): Promise<SnapshotAnswer | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const answer = this.#waiting.shift()
    if (answer !== undefined && 'refusal' in answer) throw new Error(answer.refusal)
    return answer
  }
}

/** Waits until the socket can take more. */
async function write(socket: Socket, payload: Buffer): Promise<void> {
  socket.cork()
  socket.write(frameHeader(payload))
  const hasRoom = socket.write(payload)
  socket.uncork()
  if (hasRoom || socket.destroyed) return
  // A stream that breaks is seen by who waits for its answers. What was not waited for is forgotten.
  const waited = new AbortController()
  const { signal } = waited
  const either = [once(socket, 'drain', { signal }), once(socket, 'close', { signal })]
  await Promise.race(either).catch(() => undefined)
  waited.abort()
}
