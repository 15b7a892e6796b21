/** `GET /version` and `GET /health`. */

import { etcdErrors, features, VersionResponse } from '@holdfast/protocol'
import { requestTimeoutMs, type EdgeContext } from '../edge-context.js'
import { wireErrorOf } from '../error-response.js'

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

/** Healthy means: a linearizable read succeeds, or with `?serializable=true` a local one. */
export async function health(context: EdgeContext, query: URLSearchParams): Promise<Response> {
  const { node } = context
  if (query.get('serializable') === 'true') return healthy()
  if (node.status.leaderId === undefined) return unhealthy('RAFT NO LEADER')
  try {
    await node.readBarrier(requestTimeoutMs(context))
    return healthy()
  } catch (error) {
    return unhealthy(`RANGE ERROR:${wireErrorOf(error)?.message ?? etcdErrors.unhealthy.message}`)
  }
}

function healthy(): Response {
  return Response.json({ health: 'true', reason: '' })
}

function unhealthy(reason: string): Response {
  return Response.json({ health: 'false', reason }, { status: 503 })
}
