/**
 * `/v3/watch`: a stream of requests in the body, a stream of responses. The end of the body does not
 * end the watches; the client's leaving does.
 */

import {
  deadlineExceeded,
  etcdErrors,
  routes,
  type EtcdError,
  type WatchRequest,
} from '@holdfast/protocol'
import { timeoutOf } from '../deadline.js'
import type { EdgeContext } from '../edge-context.js'
import { EdgeError } from '../edge-error.js'
import { wireErrorOrDefect } from '../error-response.js'
import { checkLearner } from '../learner.js'
import { requiresLeader } from '../require-leader.js'
import { LineStream } from '../stream-lines.js'
import { streamRequests } from '../stream-requests.js'
import { WatchSession } from '../watch-session.js'

const FIRST_CANCELS = { code: 3, message: 'the first watch request cannot cancel' } as const
const FIRST_IS_NOTHING = { code: 3, message: 'a watch request must create, cancel or ask' } as const

/** @throws what is wrong with the first message: until there is a line, that is the response */
export async function watchStream(
  context: EdgeContext,
  request: Request,
  onDefect: (error: unknown) => void,
): Promise<Response> {
  checkLearner(context, 'watch')
  const timeoutMs = timeoutOf(request.headers)
  const requests = streamRequests(request.body, routes.watch.request, context.clock)
  const next = await requests.next()
  const first = next.done === true ? routes.watch.request.decode({}) : next.value
  requireBeginning(first)
  const stream: LineStream = new LineStream({
    onDrain: () => session.onDrain(),
    onClose: () => close(),
  })
  const session = new WatchSession(context, stream)
  const fail = (error: EtcdError): void => {
    close()
    stream.fail(error)
  }
  // Rather lose a watch than have it silently stand still (etcd #10819).
  const { leaderPresence } = context.node
  const unsubscribe = requiresLeader(request)
    ? leaderPresence.subscribe(() => fail(etcdErrors.noLeader))
    : () => undefined
  const cancelDeadline =
    timeoutMs === undefined
      ? () => undefined
      : context.clock.after(timeoutMs, () => fail(deadlineExceeded))
  const close = (): void => {
    cancelDeadline()
    unsubscribe()
    session.close()
  }
  session.handle(first)
  void readOn(requests, { session, stream }).catch((error: unknown) => {
    close()
    stream.fail(wireErrorOrDefect(error, onDefect))
  })
  return stream.response
}

/** etcd stays silent for ever (etcd #12333). @throws {EdgeError} */
function requireBeginning({ createRequest, cancelRequest, progressRequest }: WatchRequest): void {
  if (cancelRequest !== undefined) throw new EdgeError(FIRST_CANCELS)
  if (createRequest === undefined && progressRequest === undefined) {
    throw new EdgeError(FIRST_IS_NOTHING)
  }
}

/** A client that does not read what it is told is asked to wait with its requests. */
async function readOn(
  requests: AsyncGenerator<WatchRequest>,
  { session, stream }: { readonly session: WatchSession; readonly stream: LineStream },
): Promise<void> {
  await stream.untilWritable()
  for await (const request of requests) {
    if (stream.isClosed) return
    session.handle(request)
    await stream.untilWritable()
  }
}
