/** The messages in the body of a streaming request, each as soon as it is complete. */

import { grpcStatus, HoldfastError, JsonSplitter, limits, type Message } from '@holdfast/protocol'
import { EdgeError } from './edge-error.js'
import { bodyChunks } from './request-body.js'

/** @throws what is wrong with a message, after those before it */
export async function* streamRequests<Req>(
  body: ReadableStream<Uint8Array> | null,
  request: Message<Req, never>,
): AsyncGenerator<Req> {
  let isFirst = true
  try {
    for await (const value of jsonValues(body)) {
      yield request.decode(value)
      isFirst = false
    }
  } catch (error) {
    throw isFirst ? unreadable(error) : error
  }
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
