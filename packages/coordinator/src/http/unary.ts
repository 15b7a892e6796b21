/** One message in, one message out. */

import {
  parseFirstJson,
  routes,
  type InputOf,
  type Message,
  type MessageOf,
  type RouteName,
} from '@holdfast/protocol'
import type { Call, Handle } from './call.js'
import { startDeadline, throwIfPassed, timeoutOf } from './deadline.js'
import type { EdgeContext } from './edge-context.js'
import { checkLearner } from './learner.js'
import { readBody } from './request-body.js'
import { requestIdOf } from './request-id.js'

const JSON_HEADERS = { 'content-type': 'application/json' }

export type Handler = (request: Request) => Promise<Response>

/** The content type does not matter (curl sends its own). */
export function unary<Name extends RouteName>(
  context: EdgeContext,
  name: Name,
  handle: Handle<
    MessageOf<(typeof routes)[Name]['request']>,
    InputOf<(typeof routes)[Name]['response']>
  >,
): Handler {
  type Request_ = MessageOf<(typeof routes)[Name]['request']>
  type Answer = InputOf<(typeof routes)[Name]['response']>
  const request = routes[name].request as unknown as Message<Request_, never>
  const response = routes[name].response as unknown as Message<unknown, Answer>
  return async (raw) => {
    const timeoutMs = timeoutOf(raw.headers)
    const message = request.decode(parseFirstJson(await readBody(raw, context.clock)))
    checkLearner(context, name, message)
    const requestId = requestIdOf(raw.headers)
    const run = (deadline: AbortSignal | undefined): Answer | Promise<Answer> => {
      const call: Call = {
        requestId,
        // Made when it is asked for: it costs more than the rest of what is done here.
        get signal() {
          return deadline ?? raw.signal
        },
      }
      return handle(context, message, call)
    }
    const answer = await withinDeadline(run, { timeoutMs, raw, context })
    return new Response(JSON.stringify(response.encode(answer)), { headers: JSON_HEADERS })
  }
}

async function withinDeadline<Answer>(
  run: (deadline: AbortSignal | undefined) => Answer | Promise<Answer>,
  call: {
    readonly timeoutMs: number | undefined
    readonly raw: Request
    readonly context: EdgeContext
  },
): Promise<Answer> {
  const { timeoutMs, raw, context } = call
  if (timeoutMs === undefined) return run(undefined)
  const deadline = startDeadline(timeoutMs, raw.signal, context.clock)
  try {
    await throwIfPassed(deadline)
    return await Promise.race([deadline.passed, run(deadline.signal)])
  } finally {
    deadline.cancel()
  }
}
