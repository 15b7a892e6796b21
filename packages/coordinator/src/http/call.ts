/** What a handler is told of a request besides its message. */

import type { RequestId } from '@holdfast/protocol'
import type { EdgeContext } from './edge-context.js'

export interface Call {
  readonly requestId: RequestId | undefined
  /** Aborted when the client is gone, or has waited for as long as it wanted to. */
  readonly signal: AbortSignal
}

/** @throws what `error-response.ts` has a word for */
export type Handle<Request, Answer> = (
  context: EdgeContext,
  request: Request,
  call: Call,
) => Answer | Promise<Answer>
