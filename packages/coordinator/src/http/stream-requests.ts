/** The messages in the body of a streaming request, each as soon as it is complete. */

import { grpcStatus, HoldfastError, JsonSplitter, limits, type Message } from '@holdfast/protocol'
import type { Clock } from '../time/clock.js'
import { EdgeError } from './edge-error.js'
import { bodyChunks, inTime } from './request-body.js'

/**
 * The first message is due within the time that a body has: who does not say what he wants holds on to
 * a connection for nothing. The others come when there is something to say.
 *
 * @throws what is wrong with a message, after those before it
 */
export async function* streamRequests<Req>(
  body: ReadableStream<Uint8Array> | null,
  request: Message<Req, never>,
  clock: Clock,
): AsyncGenerator<Req> {
  const values = jsonValues(body)
  try {
    const first = await inTime(values.next(), clock)
    if (first.done === true) return
    yield request.decode(first.value)
  } catch (error) {
    throw unreadable(error)
  }
  for await (const value of values) yield request.decode(value)
}

async function* jsonValues(body: ReadableStream<Uint8Array> | null): AsyncGenerator {
  const splitter = new JsonSplitter({ maxBytes: limits.maxStreamRequestBytes })
  for await (const chunk of bodyChunks(body)) {
    yield* splitter.push(chunk)
    // The next chunk may be long in coming.
    splitter.check()
  }
  yield* splitter.end()
}

/** etcd's gateway reads the first message of a stream where it gives its errors no code. */
function unreadable(error: unknown): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'invalidArgument') return error
  return new EdgeError({ code: grpcStatus.unknown.code, message: error.message })
}
