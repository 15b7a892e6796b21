/** One request to either server, and what came back. */

export interface WireRequest {
  readonly path: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** As one message of a WebSocket. */
  readonly over?: 'websocket'
  /** Lines to read of a stream before it is left. */
  readonly lines?: number
}

export interface WireAnswer {
  readonly status: number
  /** Those that say something of the answer. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}
