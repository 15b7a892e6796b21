/** One message in, any number of messages out (etcd: a server stream). */

import {
  parseFirstJson,
  routes,
  type InputOf,
  type Message,
  type MessageOf,
  type RouteName,
} from '@holdfast/protocol'
import { answerLines } from './answer-lines.js'
import type { EdgeContext } from './edge-context.js'
import { checkLearner } from './learner.js'
import { readBody } from './request-body.js'
import type { Handler } from './unary.js'

type Asked<Name extends RouteName> = MessageOf<(typeof routes)[Name]['request']>
type Answer<Name extends RouteName> = InputOf<(typeof routes)[Name]['response']>

export interface FromOneOptions<Name extends RouteName> {
  readonly answers: (
    context: EdgeContext,
    request: Asked<Name>,
    signal: AbortSignal,
  ) => AsyncIterable<Answer<Name>>
  readonly onDefect: (error: unknown) => void
}

export function fromOne<Name extends RouteName>(
  context: EdgeContext,
  name: Name,
  { answers, onDefect }: FromOneOptions<Name>,
): Handler {
  const request = routes[name].request as unknown as Message<Asked<Name>, never>
  const response = routes[name].response as unknown as Message<unknown, Answer<Name>>
  return async (raw) => {
    const message = request.decode(parseFirstJson(await readBody(raw, context.clock)))
    checkLearner(context, name, message)
    async function* lines(signal: AbortSignal): AsyncGenerator<string> {
      for await (const answer of answers(context, message, signal)) {
        yield JSON.stringify(response.encode(answer))
      }
    }
    return answerLines({ context, request: raw, lines, onDefect })
  }
}
