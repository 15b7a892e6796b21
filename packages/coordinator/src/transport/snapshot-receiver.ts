/** The receiving end of snapshots: one at a time, whoever offers it. */

import type { Socket } from 'node:net'
import type { InstallSnapshot, MemberId } from '@holdfast/raft'
import { FrameReader, frameHeader } from './frame.js'
import {
  decodeOffer,
  encodeSnapshotFrame,
  type SnapshotAnswer,
  type SnapshotFile,
  type SnapshotOffer,
} from './snapshot-protocol.js'

/** A file that is being received; `storage/` implements it. */
export interface SnapshotSink {
  /** Received so far. */
  readonly bytes: number
  readonly isComplete: boolean
  write(chunk: Uint8Array): void
  /** Makes it durable, which may take long. Rejects when it is not the file that was offered. */
  finish(): Promise<void>
  discard(): void
}

export interface SnapshotReceiverOptions {
  readonly memberId: MemberId
  /** Begins a file, or says why not: a snapshot is being installed, or is of no use. */
  readonly begin: (message: InstallSnapshot, file: SnapshotFile) => SnapshotSink | string
  /** The file is whole and durable: the core takes it over, or has no use for it. */
  readonly onReceived: (message: InstallSnapshot) => void
}

interface Receiving {
  /** Of the leader that offered it. */
  readonly term: number
  readonly file: SnapshotFile
  readonly sink: SnapshotSink
  /** The stream that it comes on now. */
  socket: Socket
}

export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions
  #receiving: Receiving | undefined
  /** What is being received is whole, and is being made durable: nothing may displace it now. */
  #finishing: Promise<void> | undefined
  #isClosed = false

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options
  }

  /** Serves a stream that a peer has opened to send a snapshot. */
  serve(socket: Socket, from: MemberId, head: Buffer): void {
    const reader = new FrameReader()
    let offer: SnapshotOffer | undefined
    const receive = (payload: Buffer): void => {
      if (offer === undefined) {
        offer = decodeOffer(payload, { from, to: this.#options.memberId })
        this.#onOffer(socket, offer)
      } else this.#onChunk(socket, offer, payload)
    }
    const onData = (chunk: Buffer): void => {
      try {
        for (const payload of reader.push(chunk)) receive(payload)
      } catch (error) {
        this.#refuse(socket, error instanceof Error ? error.message : String(error))
      }
    }
    if (head.byteLength > 0) onData(head)
    socket.on('data', onData)
  }

  /** What is being made durable will be so, and is of no use any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#finishing === undefined) this.#discard()
    await this.#finishing
  }

  #discard(): void {
    this.#receiving?.sink.discard()
    this.#receiving = undefined
  }

  #onOffer(socket: Socket, { message, file }: SnapshotOffer): void {
    const earlier = this.#receiving
    if (earlier?.file.sha256 === file.sha256) {
      earlier.socket.destroy()
      earlier.socket = socket
      answer(socket, { offset: earlier.sink.bytes })
      return
    }
    if (this.#finishing !== undefined || this.#isClosed) {
      this.#refuse(socket, 'another one is being made durable')
      return
    }
    if (earlier !== undefined && message.term < earlier.term) {
      this.#refuse(socket, 'a later leader sends one')
      return
    }
    earlier?.socket.destroy()
    this.#discard()
    const sink = this.#options.begin(message, file)
    if (typeof sink === 'string') {
      this.#refuse(socket, sink)
      return
    }
    this.#receiving = { term: message.term, file, sink, socket }
    answer(socket, { offset: 0 })
  }

  #onChunk(socket: Socket, { message }: SnapshotOffer, chunk: Buffer): void {
    const receiving = this.#receiving
    if (receiving?.socket !== socket) return
    const { sink } = receiving
    sink.write(chunk)
    if (!sink.isComplete) return
    this.#finishing = this.#finish(receiving, message).finally(() => {
      this.#receiving = undefined
      this.#finishing = undefined
    })
  }

  async #finish(receiving: Receiving, message: InstallSnapshot): Promise<void> {
    try {
      await receiving.sink.finish()
      if (this.#isClosed) return
      this.#options.onReceived(message)
      answer(receiving.socket, { done: true })
    } catch (error) {
      this.#refuse(receiving.socket, error instanceof Error ? error.message : String(error))
    }
  }

  #refuse(socket: Socket, reason: string): void {
    if (this.#receiving?.socket === socket && this.#finishing === undefined) this.#discard()
    answer(socket, { refusal: reason })
    socket.end()
  }
}

function answer(socket: Socket, content: SnapshotAnswer): void {
  const payload = encodeSnapshotFrame(content)
  socket.write(Buffer.concat([frameHeader(payload), payload]))
}
