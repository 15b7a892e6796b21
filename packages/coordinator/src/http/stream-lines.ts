/**
 * A response that is a stream of messages, each one line and one chunk:
 * `{"result":{…}}\n`, or a last `{"error":{…}}\n`.
 */

import { encodeStreamError } from '@holdfast/protocol'

/** Bytes that may wait for a slow reader before its source is told to stop. */
export const MAX_BUFFERED_BYTES = 1024 * 1024

export interface LineSource {
  /** The reader took what was waiting: more may be written. */
  onDrain(): void
  /** The reader is gone. */
  onClose(): void
}

export class LineStream {
  readonly response: Response
  readonly #encoder = new TextEncoder()
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #closed = false
  /** Its buffer has been full since the source was last told that it is not. */
  #wasFull = false
  /** Who waits until it is writable. */
  #waiting: (() => void)[] = []

  constructor(source: LineSource) {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          // Asked after every line that a quick reader takes, but news only after a full buffer.
          if (!this.#wasFull || !this.writable) return
          this.#wasFull = false
          this.#release()
          source.onDrain()
        },
        cancel: () => {
          this.#close()
          source.onClose()
        },
      },
      { highWaterMark: MAX_BUFFERED_BYTES, size: (chunk) => chunk.byteLength },
    )
    this.response = new Response(body, { headers: { 'content-type': 'application/json' } })
  }

  /** False while the reader is behind. */
  get writable(): boolean {
    return !this.#closed && (this.#controller?.desiredSize ?? 0) > 0
  }

  /** Ended, failed, or left by the reader. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** Resolves when it is writable, or is closed and never will be. */
  async untilWritable(): Promise<void> {
    while (!this.#closed && !this.writable) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** @param result JSON text */
  write(result: string): void {
    this.#enqueue(`{"result":${result}}\n`)
  }

  fail(error: { code: number; message: string }): void {
    this.#enqueue(`${JSON.stringify(encodeStreamError(error))}\n`)
    this.end()
  }

  end(): void {
    if (this.#closed) return
    this.#close()
    this.#controller?.close()
  }

  #close(): void {
    this.#closed = true
    this.#release()
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #enqueue(line: string): void {
    if (this.#closed) return
    this.#controller?.enqueue(this.#encoder.encode(line))
    if (!this.writable) this.#wasFull = true
  }
}
