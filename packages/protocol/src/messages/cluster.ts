/** Membership of the cluster. */

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

export const MemberAddRequest = message('MemberAddRequest', {
  peerUrls: named('peerURLs', repeated(string())),
  isLearner: named('isLearner', bool()),
})
export type MemberAddRequest = MessageOf<typeof MemberAddRequest>

export const MemberAddResponse = message('MemberAddResponse', {
  header: ref(() => ResponseHeader),
  member: ref(() => Member),
  members: repeated(ref(() => Member)),
})
export type MemberAddResponse = MessageOf<typeof MemberAddResponse>

const id = named('ID', unsignedId64())

export const MemberRemoveRequest = message('MemberRemoveRequest', { id })
export type MemberRemoveRequest = MessageOf<typeof MemberRemoveRequest>

export const MemberUpdateRequest = message('MemberUpdateRequest', {
  id,
  peerUrls: named('peerURLs', repeated(string())),
})
export type MemberUpdateRequest = MessageOf<typeof MemberUpdateRequest>

export const MemberPromoteRequest = message('MemberPromoteRequest', { id })
export type MemberPromoteRequest = MessageOf<typeof MemberPromoteRequest>

/** What removing, updating and promoting a member all answer. */
export const MembersResponse = message('MembersResponse', {
  header: ref(() => ResponseHeader),
  members: repeated(ref(() => Member)),
})
export type MembersResponse = MessageOf<typeof MembersResponse>
