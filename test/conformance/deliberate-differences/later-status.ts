/** Statuses as the JSON gateway of later versions gives them. */

import type { Answer } from './difference.js'

export function asLaterStatus({ status, body }: Answer): Answer {
  return { status: status === 412 && body['code'] === 9 ? 400 : status, body }
}
