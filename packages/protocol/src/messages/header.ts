/** The header of every response: who answered, in which term, and how far the store is. */

import { int64, uint64, unsignedId64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'

export const ResponseHeader = message('ResponseHeader', {
  clusterId: unsignedId64(),
  memberId: unsignedId64(),
  /** The store's revision when the request was served. */
  revision: int64(),
  raftTerm: uint64(),
})
export type ResponseHeader = MessageOf<typeof ResponseHeader>
