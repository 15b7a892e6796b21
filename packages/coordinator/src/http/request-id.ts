/** The request id of a write, by which a retry takes effect once; undefined if there is none. */

import { parseRequestId, requestIdHeader, requestRepeatedHeader } from '@holdfast/protocol'
import type { RequestId } from '../state-machine/command.js'
import { EdgeError } from './edge-error.js'

/** @throws {EdgeError} when the header is there and is none: ignoring it would risk a second effect */
export function requestIdOf(headers: Headers): RequestId | undefined {
  const header = headers.get(requestIdHeader)
  if (header === null) return undefined
  const requestId = parseRequestId(header)
  if (requestId === undefined) {
    throw new EdgeError({ code: 3, message: `holdfast: malformed ${requestIdHeader}` })
  }
  return headers.get(requestRepeatedHeader) === 'true'
    ? { ...requestId, isRepetition: true }
    : requestId
}
