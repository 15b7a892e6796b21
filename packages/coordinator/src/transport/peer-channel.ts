/**
 * One outgoing stream to one peer: opened by an HTTP upgrade, kept open, opened again after it
 * broke. What cannot be sent at once is dropped, never queued without bound: Raft repeats itself.
 */

import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { frameHeader } from './frame.js'
import { encodeMessages, type PeerMessage } from './peer-codec.js'
import { openStream, type StreamRefusal } from './open-stream.js'
import type { LastingChannel, StreamIdentity } from './peer-protocol.js'
import { probeStream } from './stream-liveness.js'

/** Between attempts to open the stream; each is drawn from [half, whole). */
const RECONNECT_MS = 100
/** What the peer has against the stream will hardly have changed sooner. */
const AFTER_REFUSAL_MS = 1_000
/** Bytes that may wait in the socket before further messages are dropped. */
const MAX_BUFFERED_BYTES = { control: 1024 * 1024, log: 64 * 1024 * 1024 }

export interface PeerChannelOptions {
  readonly url: string
  readonly identity: StreamIdentity & { readonly channel: LastingChannel }
  /** Some messages were dropped: the stream is closed or its peer does not keep up. */
  readonly onDropped: (messages: readonly PeerMessage[]) => void
  /** The open stream ended: what it carried last may not have arrived. */
  readonly onBroken: () => void
  /** The peer refused the stream; said once until a stream is accepted. */
  readonly onRefused: (refusal: StreamRefusal) => void
  /** It is a member of another cluster; said each time. */
  readonly onOtherCluster: () => void
}

export class PeerChannel {
  readonly #options: PeerChannelOptions
  #socket: Socket | undefined
  #attempt: ClientRequest | undefined
  #retry: NodeJS.Timeout | undefined
  #outbox: PeerMessage[] = []
  #refusal = ''
  #closed = false

  constructor(options: PeerChannelOptions) {
    this.#options = options
  }

  open(): void {
    if (this.#closed) return
    this.#attempt = openStream({
      url: this.#options.url,
      identity: this.#options.identity,
      onOpen: (socket) => this.#onOpen(socket),
      onFailed: (refusal) => {
        if (refusal !== undefined) this.#onRefused(refusal)
        // A member of another cluster may yet give its place to the right one.
        if (refusal?.finality === undefined || refusal.finality === 'otherCluster') {
          this.#reopenLater(refusal === undefined ? RECONNECT_MS : AFTER_REFUSAL_MS)
        }
      },
    })
  }

  send(message: PeerMessage): void {
    this.#outbox.push(message)
  }

  /** Writes what was sent since the last flush as one frame. */
  flush(): void {
    if (this.#outbox.length === 0) return
    const messages = this.#outbox
    this.#outbox = []
    const socket = this.#socket
    if (
      socket?.writable !== true ||
      socket.writableLength > MAX_BUFFERED_BYTES[this.#options.identity.channel]
    ) {
      this.#options.onDropped(messages)
      return
    }
    const payload = encodeMessages(messages)
    socket.cork()
    socket.write(frameHeader(payload))
    socket.write(payload)
    socket.uncork()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#attempt?.destroy()
    this.#socket?.destroy()
  }

  #onOpen(socket: Socket): void {
    this.#socket = socket
    this.#refusal = ''
    socket.once('close', () => {
      this.#socket = undefined
      if (this.#closed) return
      this.#options.onBroken()
      this.#reopenLater()
    })
    // It reads as well, which is what notices that the peer has closed the stream.
    probeStream(socket)
  }

  #onRefused(refusal: StreamRefusal): void {
    if (refusal.finality === 'otherCluster') this.#options.onOtherCluster()
    if (refusal.reason === this.#refusal) return
    this.#refusal = refusal.reason
    this.#options.onRefused(refusal)
  }

  #reopenLater(waitMs = RECONNECT_MS): void {
    if (this.#closed) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.open(), waitMs * (0.5 + Math.random() / 2))
  }
}
