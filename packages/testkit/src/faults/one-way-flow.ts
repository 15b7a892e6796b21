/**
 * One direction of a proxied connection: what arrives at one socket leaves at the other, in its
 * order, unless the direction is blocked. What a blocked direction is given is held and not refused,
 * as by a network that loses packets: TCP sends them again when it heals, and neither end is told.
 * The end of a connection is held like its bytes.
 */

import type { Socket } from 'node:net'

/** What is held of one connection; then the sender finds its window closed, as it would. */
const MAX_HELD_BYTES = 4 * 1024 * 1024

export interface FlowCounters {
  /** Bytes that went through. */
  passedBytes: number
  /** Bytes that came while the direction was blocked. */
  heldBytes: number
  /** Bytes that were made to wait by a delay. */
  delayedBytes: number
  /** Chunks of which a bit was turned. */
  damagedChunks: number
  /** Connections that were reset while open. */
  resetConnections: number
}

/** What holds for all connections of one direction, now. */
export interface FlowConditions {
  blocked: boolean
  delayMs: number
  /** Chunks to damage, as they come. */
  damage: number
  readonly counters: FlowCounters
}

type Piece =
  | { readonly type: 'bytes'; readonly bytes: Buffer; readonly dueMs: number }
  | { readonly type: 'end' | 'close'; readonly dueMs: number }

export class OneWayFlow {
  readonly #source: Socket
  readonly #sink: () => Socket
  readonly #conditions: FlowConditions
  readonly #queue: Piece[] = []
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined

  /** @param sink opened when there is something for it, as a lost SYN opens nothing */
  constructor(source: Socket, sink: () => Socket, conditions: FlowConditions) {
    this.#source = source
    this.#sink = sink
    this.#conditions = conditions
    source.on('data', (bytes: Buffer) => this.#take(bytes))
    source.on('end', () => this.#push({ type: 'end', dueMs: this.#dueMs() }))
    source.on('close', () => this.#push({ type: 'close', dueMs: this.#dueMs() }))
  }

  /** Lets out what may leave now. To be called when the conditions have changed. */
  pump(): void {
    clearTimeout(this.#timer)
    while (!this.#conditions.blocked) {
      const [piece] = this.#queue
      if (piece === undefined) return
      const waitMs = piece.dueMs - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs)
        return
      }
      this.#queue.shift()
      this.#deliver(piece)
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#queue.length = 0
  }

  #take(bytes: Buffer): void {
    const { counters, blocked, delayMs, damage } = this.#conditions
    if (blocked) counters.heldBytes += bytes.length
    if (delayMs > 0) counters.delayedBytes += bytes.length
    if (damage > 0 && !blocked) {
      this.#conditions.damage -= 1
      counters.damagedChunks += 1
      const at = bytes.length >> 1
      bytes[at] = (bytes[at] ?? 0) ^ 1
    }
    this.#queuedBytes += bytes.length
    if (this.#queuedBytes > MAX_HELD_BYTES) this.#source.pause()
    this.#push({ type: 'bytes', bytes, dueMs: this.#dueMs() })
  }

  #push(piece: Piece): void {
    this.#queue.push(piece)
    this.pump()
  }

  #deliver(piece: Piece): void {
    const sink = this.#sink()
    if (piece.type === 'bytes') {
      this.#queuedBytes -= piece.bytes.length
      if (sink.writable && !this.#write(sink, piece.bytes)) {
        this.#source.pause()
        sink.once('drain', () => this.#source.resume())
      } else if (this.#queuedBytes <= MAX_HELD_BYTES) {
        this.#source.resume()
      }
    } else if (piece.type === 'end') {
      sink.end()
    } else {
      sink.destroy()
    }
  }

  /** @returns whether the sink takes more */
  #write(sink: Socket, bytes: Buffer): boolean {
    this.#conditions.counters.passedBytes += bytes.length
    return sink.write(bytes)
  }

  #dueMs(): number {
    return performance.now() + this.#conditions.delayMs
  }
}
