/** `/v3/lease/keepalive`: one line for each message of the body, then the end. */

import { routes } from '@holdfast/protocol'
import type { EdgeContext } from '../edge-context.js'
import { wireErrorOrDefect } from '../error-response.js'
import { LineStream } from '../stream-lines.js'
import { streamRequests } from '../stream-requests.js'
import { keepAlive } from './lease.js'

/** @throws what is wrong with the first message: until there is a line, that is the response */
export async function keepAliveStream(
  context: EdgeContext,
  request: Request,
  onDefect: (error: unknown) => void,
): Promise<Response> {
  const lines = keepAliveLines(context, request.body)
  const first = await lines.next()
  const stream = new LineStream({ onDrain: () => undefined, onClose: () => undefined })
  if (first.done === true) stream.end()
  else void pump(stream, first.value, lines, onDefect)
  return stream.response
}

async function pump(
  stream: LineStream,
  first: string,
  rest: AsyncGenerator<string>,
  onDefect: (error: unknown) => void,
): Promise<void> {
  try {
    stream.write(first)
    await stream.untilWritable()
    for await (const line of rest) {
      stream.write(line)
      // A client that does not read its answers is asked to wait with its questions.
      await stream.untilWritable()
      if (stream.isClosed) return
    }
    stream.end()
  } catch (error) {
    stream.fail(wireErrorOrDefect(error, onDefect))
  }
}

async function* keepAliveLines(
  context: EdgeContext,
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string> {
  const { request, response } = routes.leaseKeepAlive
  for await (const message of streamRequests(body, request)) {
    yield JSON.stringify(response.encode(await keepAlive(context, message)))
  }
}
