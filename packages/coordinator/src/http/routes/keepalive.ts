/** `/v3/lease/keepalive`: one line for each message of the body, then the end. */

import { JsonSplitter, limits, routes } from '@holdfast/protocol'
import type { EdgeContext } from '../edge-context.js'
import { errorResponse, INTERNAL_ERROR, wireErrorOf } from '../error-response.js'
import { LineStream } from '../stream-lines.js'
import { keepAlive } from './lease.js'

export async function keepAliveStream(context: EdgeContext, request: Request): Promise<Response> {
  const lines = keepAliveLines(context, request.body)
  // Until there is a first line, an error is the whole response, with a status of its own.
  const first = await nextLine(lines)
  if ('error' in first) return errorResponse(streamStart(first.error))
  const stream = new LineStream({ onDrain: () => undefined, onClose: () => undefined })
  void pump(stream, first.line, lines)
  return stream.response
}

type Line = { readonly line: string | undefined } | { readonly error: unknown }

async function nextLine(lines: AsyncGenerator<string>): Promise<Line> {
  try {
    const next = await lines.next()
    return { line: next.done === true ? undefined : next.value }
  } catch (error) {
    return { error }
  }
}

async function pump(
  stream: LineStream,
  first: string | undefined,
  lines: AsyncGenerator<string>,
): Promise<void> {
  for (let line = first; line !== undefined;) {
    stream.write(line)
    const next = await nextLine(lines)
    if ('error' in next) {
      stream.fail(wireErrorOf(next.error) ?? INTERNAL_ERROR)
      return
    }
    line = next.line
  }
  stream.end()
}

async function* keepAliveLines(
  context: EdgeContext,
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string> {
  const splitter = new JsonSplitter({ maxBytes: limits.maxStreamRequestBytes })
  const { request, response } = routes.leaseKeepAlive
  const answer = async (value: unknown): Promise<string> =>
    JSON.stringify(response.encode(await keepAlive(context, request.decode(value))))
  for await (const chunk of body ?? []) {
    for (const value of splitter.push(chunk)) yield await answer(value)
  }
  for (const value of splitter.end()) yield await answer(value)
}

/** etcd answers a malformed first message of a stream with 500 and code 2; a 400 tells more. */
export function streamStart(error: unknown): { code: number; message: string } {
  return wireErrorOf(error) ?? INTERNAL_ERROR
}
