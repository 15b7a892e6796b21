/**
 * `/v3/watch`: a stream of requests in the body, a stream of responses. The end of the body does not
 * end the watches; the client's leaving does.
 */

import { etcdErrors, JsonSplitter, limits, routes, type WatchRequest } from '@holdfast/protocol'
import type { EdgeContext } from '../edge-context.js'
import { errorResponse, INTERNAL_ERROR, wireErrorOf } from '../error-response.js'
import { LineStream } from '../stream-lines.js'
import { WatchSession } from '../watch-session.js'
import { streamStart } from './keepalive.js'

/** Set by clients that would rather lose a watch than have it silently stand still (etcd #10819). */
const REQUIRE_LEADER_HEADER = 'grpc-metadata-hasleader'

export async function watchStream(context: EdgeContext, request: Request): Promise<Response> {
  const requests = watchRequests(request.body)
  let first: WatchRequest
  try {
    const next = await requests.next()
    first = routes.watch.request.decode(next.done === true ? {} : next.value)
  } catch (error) {
    return errorResponse(streamStart(error))
  }
  const { leaderPresence } = context.node
  const requiresLeader = request.headers.get(REQUIRE_LEADER_HEADER) === 'true'
  if (requiresLeader && leaderPresence.isLost(performance.now())) {
    return errorResponse(etcdErrors.noLeader)
  }
  const stream: LineStream = new LineStream({
    onDrain: () => session.onDrain(),
    onClose: () => close(),
  })
  const session = new WatchSession(context, stream)
  const onLeaderLost = (): void => {
    close()
    stream.fail(etcdErrors.noLeader)
  }
  const unsubscribe = requiresLeader ? leaderPresence.subscribe(onLeaderLost) : () => undefined
  const close = (): void => {
    unsubscribe()
    session.close()
  }
  try {
    session.handle(first)
  } catch (error) {
    close()
    return errorResponse(streamStart(error))
  }
  void readOn(requests, session, (error) => {
    close()
    stream.fail(wireErrorOf(error) ?? INTERNAL_ERROR)
  })
  return stream.response
}

async function readOn(
  requests: AsyncGenerator,
  session: WatchSession,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    for await (const value of requests) session.handle(routes.watch.request.decode(value))
  } catch (error) {
    onError(error)
  }
}

async function* watchRequests(body: ReadableStream<Uint8Array> | null): AsyncGenerator {
  const splitter = new JsonSplitter({ maxBytes: limits.maxStreamRequestBytes })
  for await (const chunk of body ?? []) yield* splitter.push(chunk)
  yield* splitter.end()
}
