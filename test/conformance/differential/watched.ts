/** A watch stream of one server, and what it was told. */

import { once } from 'node:events'
import { JsonSplitter } from '@holdfast/protocol'
import { WebSocket } from 'ws'

type Json = Readonly<Record<string, unknown>>

export interface Watched {
  /** Every message, in order. */
  readonly messages: readonly Json[]
  /** Why there are no more; undefined while there may be. */
  readonly ending: string | undefined
  say(body: string): void
  leave(): void
}

class Log {
  readonly messages: Json[] = []
  ending: string | undefined

  add(message: unknown): void {
    this.messages.push(message as Json)
  }
}

/** Sends the first request as the body, and nothing else ever: the body of HTTP/1.1 has an end. */
export function watchOverHttp(url: string, path = '/v3/watch'): Watched {
  const log = new Log()
  const left = new AbortController()
  let hasBegun = false
  const read = async (body: string): Promise<void> => {
    const response = await fetch(url + path, { method: 'POST', body, signal: left.signal })
    if (response.status !== 200) {
      log.add({ status: response.status, ...((await response.json()) as Json) })
      log.ending = 'refused'
      return
    }
    const splitter = new JsonSplitter({ maxBytes: 64 * 1024 * 1024 })
    for await (const chunk of response.body ?? []) {
      for (const message of splitter.push(chunk as Uint8Array)) log.add(message)
    }
    log.ending = 'ended'
  }
  return {
    messages: log.messages,
    get ending() {
      return log.ending
    },
    say(body) {
      if (hasBegun) return
      hasBegun = true
      read(body).catch((error: unknown) => (log.ending = String(error)))
    },
    leave: () => left.abort(),
  }
}

export function watchOverWebSocket(url: string): Watched {
  const log = new Log()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v3/watch`)
  const opened = once(socket, 'open')
  opened.catch(() => undefined)
  socket.on('message', (data: Buffer) => log.add(JSON.parse(data.toString())))
  socket.on('close', () => (log.ending = 'ended'))
  socket.on('error', (error) => (log.ending = String(error)))
  return {
    messages: log.messages,
    get ending() {
      return log.ending
    },
    say: (body) => void opened.then(() => socket.send(body)),
    leave: () => socket.terminate(),
  }
}
