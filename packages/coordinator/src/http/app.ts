/** The HTTP edge: every path of the wire, and what is common to all of them. */

import { Hono } from 'hono'
import {
  encodeErrorBody,
  parseFirstJson,
  pathPrefixes,
  routes,
  type JsonObject,
  type Message,
  type RequestId,
} from '@holdfast/protocol'
import type { Clock } from '../time/clock.js'
import type { EdgeContext } from './edge-context.js'
import { errorResponse, wireErrorOrDefect } from './error-response.js'
import { readBody } from './request-body.js'
import { requestIdOf } from './request-id.js'
import { checkLeader } from './require-leader.js'
import * as cluster from './routes/cluster.js'
import { keepAliveStream } from './routes/keepalive.js'
import * as kv from './routes/kv.js'
import * as lease from './routes/lease.js'
import * as membership from './routes/membership.js'
import { health, version } from './routes/version.js'
import { watchStream } from './routes/watch.js'

export interface AppOptions {
  readonly context: EdgeContext
  /** A defect of ours, which the client only sees as an internal error. */
  readonly onDefect: (error: unknown) => void
}

/** etcd's answer to a browser that asks before it sends, on every path. */
const PREFLIGHT_HEADERS = {
  'access-control-allow-headers': 'accept, content-type, authorization',
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE',
  'access-control-allow-origin': '*',
}

type Handler = (request: Request) => Promise<Response>

export function createApp({ context, onDefect }: AppOptions): Hono {
  const app = new Hono()
  app.options('*', () => new Response(null, { headers: PREFLIGHT_HEADERS }))
  const guarded = (handler: Handler): Handler => {
    return async (request) => {
      try {
        checkLeader(context, request)
        return await handler(request)
      } catch (error) {
        return errorResponse(wireErrorOrDefect(error, onDefect))
      }
    }
  }
  for (const [paths, handler] of wireHandlers(context, onDefect)) {
    for (const path of paths) {
      const run = guarded(handler)
      app.post(path, (c) => run(c.req.raw))
      app.all(path, () => errorResponse({ code: 12, message: 'Method Not Allowed' }))
    }
  }
  addPlainRoutes(app, context)
  app.notFound(() =>
    Response.json(encodeErrorBody({ code: 5, message: 'Not Found' }), { status: 404 }),
  )
  app.onError((error) => errorResponse(wireErrorOrDefect(error, onDefect)))
  return app
}

function wireHandlers(
  context: EdgeContext,
  onDefect: AppOptions['onDefect'],
): readonly (readonly [readonly string[], Handler])[] {
  const { clock } = context
  return [
    [pathsOf(routes.range), unary(clock, routes.range, (r) => kv.range(context, r))],
    [pathsOf(routes.put), unary(clock, routes.put, (r, id) => kv.put(context, r, id))],
    [
      pathsOf(routes.deleteRange),
      unary(clock, routes.deleteRange, (r, id) => kv.deleteRange(context, r, id)),
    ],
    [pathsOf(routes.txn), unary(clock, routes.txn, (r, id) => kv.txn(context, r, id))],
    [
      pathsOf(routes.compaction),
      unary(clock, routes.compaction, (r, id) => kv.compaction(context, r, id)),
    ],
    [
      pathsOf(routes.leaseGrant),
      unary(clock, routes.leaseGrant, (r, id) => lease.grant(context, r, id)),
    ],
    [
      pathsOf(routes.leaseRevoke),
      unary(clock, routes.leaseRevoke, (r, id) => lease.revoke(context, r, id)),
    ],
    [
      pathsOf(routes.leaseTimeToLive),
      unary(clock, routes.leaseTimeToLive, (r) => lease.timeToLive(context, r)),
    ],
    [pathsOf(routes.leaseLeases), unary(clock, routes.leaseLeases, () => lease.leases(context))],
    [
      pathsOf(routes.memberList),
      unary(clock, routes.memberList, (r) => cluster.memberList(context, r)),
    ],
    [pathsOf(routes.memberAdd), unary(clock, routes.memberAdd, (r) => membership.add(context, r))],
    [
      pathsOf(routes.memberRemove),
      unary(clock, routes.memberRemove, (r) => membership.remove(context, r)),
    ],
    [
      pathsOf(routes.memberUpdate),
      unary(clock, routes.memberUpdate, (r) => membership.update(context, r)),
    ],
    [
      pathsOf(routes.memberPromote),
      unary(clock, routes.memberPromote, (r) => membership.promote(context, r)),
    ],
    [
      pathsOf(routes.moveLeader),
      unary(clock, routes.moveLeader, (r) => membership.moveLeader(context, r)),
    ],
    [pathsOf(routes.status), unary(clock, routes.status, () => cluster.status(context))],
    [pathsOf(routes.leaseKeepAlive), (request) => keepAliveStream(context, request, onDefect)],
    [pathsOf(routes.watch), (request) => watchStream(context, request, onDefect)],
  ]
}

function pathsOf(route: { path: string; aliases: readonly string[] }): readonly string[] {
  return [route.path, ...route.aliases].flatMap((path) =>
    pathPrefixes.map((prefix) => prefix + path),
  )
}

/** Body in, message out; the content type does not matter (curl sends its own). */
function unary<Req, ReqIn, Res, ResIn>(
  clock: Clock,
  route: { readonly request: Message<Req, ReqIn>; readonly response: Message<Res, ResIn> },
  handle: (request: Req, requestId: RequestId | undefined) => ResIn | Promise<ResIn>,
): Handler {
  return async (request) => {
    const message = route.request.decode(parseFirstJson(await readBody(request, clock)))
    const result = await handle(message, requestIdOf(request.headers))
    const json: JsonObject = route.response.encode(result)
    return Response.json(json)
  }
}

function addPlainRoutes(app: Hono, context: EdgeContext): void {
  const methodNotAllowed = (): Response =>
    new Response('Method Not Allowed\n', { status: 405, headers: { allow: 'GET' } })
  app.get('/version', () => version(context))
  app.get('/health', (c) => health(context, new URL(c.req.url).searchParams))
  app.get('/metrics', async () => {
    const { body, contentType } = await context.metrics()
    return new Response(body, { headers: { 'content-type': contentType } })
  })
  for (const path of ['/version', '/health', '/metrics']) app.all(path, methodNotAllowed)
}
