/** Statuses and headers as the JSON gateway of later versions gives them. */

import type { Answer } from './difference.js'

export function asLaterStatus(answer: Answer): Answer {
  return answer.status === 412 && answer.body['code'] === 9 ? { ...answer, status: 400 } : answer
}

const BEHIND = 'grpc-metadata-content-type'

/** Of the connection between the gateway and its server. */
export function withoutHeaderFromBehind(answer: Answer): Answer {
  const { [BEHIND]: behind, ...headers } = answer.headers ?? {}
  return behind === 'application/grpc' ? { ...answer, headers } : answer
}
