/** Elections that the server holds. Source: etcd server/etcdserver/api/v3election. */

import { ref } from '../schema/composite.js'
import { id64, int64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'
import { bytes } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'
import { KeyValue } from './kv.js'

/** What a leader shows when it wants something of its election. */
export const LeaderKey = message('LeaderKey', {
  /** Of the election. */
  name: bytes(),
  /** There for as long as it leads. */
  key: bytes(),
  /** The create revision of the key, by which resources can tell this leader from earlier ones. */
  rev: int64(),
  lease: id64(),
})
export type LeaderKey = MessageOf<typeof LeaderKey>

export const CampaignRequest = message('CampaignRequest', {
  name: bytes(),
  lease: id64(),
  /** What the leader proclaims first. */
  value: bytes(),
})
export type CampaignRequest = MessageOf<typeof CampaignRequest>

export const CampaignResponse = message('CampaignResponse', {
  header: ref(() => ResponseHeader),
  leader: ref(() => LeaderKey),
})
export type CampaignResponse = MessageOf<typeof CampaignResponse>

export const LeaderRequest = message('LeaderRequest', { name: bytes() })
export type LeaderRequest = MessageOf<typeof LeaderRequest>

export const LeaderResponse = message('LeaderResponse', {
  header: ref(() => ResponseHeader),
  kv: ref(() => KeyValue),
})
export type LeaderResponse = MessageOf<typeof LeaderResponse>

export const ResignRequest = message('ResignRequest', { leader: ref(() => LeaderKey) })
export type ResignRequest = MessageOf<typeof ResignRequest>

export const ResignResponse = message('ResignResponse', { header: ref(() => ResponseHeader) })
export type ResignResponse = MessageOf<typeof ResignResponse>

export const ProclaimRequest = message('ProclaimRequest', {
  leader: ref(() => LeaderKey),
  value: bytes(),
})
export type ProclaimRequest = MessageOf<typeof ProclaimRequest>

export const ProclaimResponse = message('ProclaimResponse', { header: ref(() => ResponseHeader) })
export type ProclaimResponse = MessageOf<typeof ProclaimResponse>
