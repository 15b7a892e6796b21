/** Membership of the cluster. Adding, removing and promoting members join this file when they exist. */

import { ref, repeated } from '../schema/composite.js'
import { named } from '../schema/field.js'
import { unsignedId64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'
import { bool, string } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'

export const Member = message('Member', {
  id: named('ID', unsignedId64()),
  name: string(),
  peerUrls: named('peerURLs', repeated(string())),
  clientUrls: named('clientURLs', repeated(string())),
  isLearner: named('isLearner', bool()),
})
export type Member = MessageOf<typeof Member>

export const MemberListRequest = message('MemberListRequest', { linearizable: bool() })
export type MemberListRequest = MessageOf<typeof MemberListRequest>

/** etcd's header here has no revision. */
export const MemberListResponse = message('MemberListResponse', {
  header: ref(() => ResponseHeader),
  members: repeated(ref(() => Member)),
})
export type MemberListResponse = MessageOf<typeof MemberListResponse>
