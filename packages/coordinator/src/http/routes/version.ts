/** `GET /version`. */

import { features, VersionResponse } from '@holdfast/protocol'
import type { EdgeContext } from '../edge-context.js'

/** The etcd whose API this is. Clients parse every dotted part as an integer. */
export const ETCD_VERSION = '3.6.0'
export const STORAGE_VERSION = '3.6.0'
export const HOLDFAST_VERSION = '0.1.0'

export function version({ node }: EdgeContext): Response {
  return Response.json(
    VersionResponse.encode({
      etcdserver: ETCD_VERSION,
      etcdcluster: ETCD_VERSION,
      storage: STORAGE_VERSION,
      holdfast: {
        version: HOLDFAST_VERSION,
        features: Object.values(features),
        revision: node.state.revision,
      },
    }),
  )
}
