/** `/v3/lease/keepalive`: one line for each message of the body, then the end. */

import { routes } from '@holdfast/protocol'
import { answerLines } from '../answer-lines.js'
import type { EdgeContext } from '../edge-context.js'
import { checkLearner } from '../learner.js'
import { streamRequests } from '../stream-requests.js'
import { keepAlive } from './lease.js'

/** @throws what is wrong with the first message: until there is a line, that is the response */
export async function keepAliveStream(
  context: EdgeContext,
  request: Request,
  onDefect: (error: unknown) => void,
): Promise<Response> {
  checkLearner(context, 'leaseKeepAlive')
  return answerLines({
    ...{ context, request, onDefect },
    lines: () => keepAliveLines(context, request.body),
  })
}

async function* keepAliveLines(
  context: EdgeContext,
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string> {
  const { request, response } = routes.leaseKeepAlive
  for await (const message of streamRequests(body, request, context.clock)) {
    yield JSON.stringify(response.encode(await keepAlive(context, message)))
  }
}
