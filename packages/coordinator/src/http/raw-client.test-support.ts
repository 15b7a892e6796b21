/** A client that writes bytes to a socket, for what no well-behaved one would send. */

import { connect, type Socket } from 'node:net'

export class RawClient {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #isEnded = false
  #waiting: (() => void)[] = []

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const wake = (): void => {
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
    this.socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data])
      wake()
    })
    for (const event of ['end', 'error', 'close'] as const) {
      this.socket.on(event, () => {
        this.#isEnded = true
        wake()
      })
    }
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  get received(): string {
    return this.#received.toString('latin1')
  }

  /** Until what was received matches, or the server has ended the connection. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      if (this.#isEnded) throw new Error(`ended before ${String(pattern)}: ${this.received}`)
      await this.#more()
    }
    return this.received
  }

  /** Everything up to the end of the connection. */
  async untilEnd(): Promise<string> {
    while (!this.#isEnded) await this.#more()
    return this.received
  }

  /** Without a word, as when a process is killed. */
  vanish(): void {
    this.socket.resetAndDestroy()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

/** A whole request, with its length. */
export function post(path: string, body: string, headers = ''): string {
  const length = Buffer.byteLength(body)
  return `POST ${path} HTTP/1.1\r\nHost: edge\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`
}

/** The statuses of all responses that were received, in order. */
export function statuses(received: string): string[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!)
}
