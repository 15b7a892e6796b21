/** The HTTP edge: every path of the wire, and what is common to all of them. */

import { Hono } from 'hono'
import { encodeErrorBody, openApiDocument, type RouteName } from '@holdfast/protocol'
import { CORS_HEADERS } from './cors-headers.js'
import type { EdgeContext } from './edge-context.js'
import { getOnly } from './plain-response.js'
import { errorResponse, wireErrorOrDefect } from './error-response.js'
import { checkLeader } from './require-leader.js'
import { addHealthRoutes } from './routes/health.js'
import { HOLDFAST_VERSION, version } from './routes/version.js'
import type { Handler } from './unary.js'
import { pathsOf, wireHandlers } from './wire-handlers.js'

export interface AppOptions {
  readonly context: EdgeContext
  /** A defect of ours, which the client only sees as an internal error. */
  readonly onDefect: (error: unknown) => void
}

export function createApp({ context, onDefect }: AppOptions): Hono {
  const app = new Hono()
  app.options('*', () => new Response(null, { headers: CORS_HEADERS }))
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
  for (const [name, handler] of Object.entries(wireHandlers(context, onDefect))) {
    const run = guarded(handler)
    for (const path of pathsOf(name as RouteName)) {
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

function addPlainRoutes(app: Hono, context: EdgeContext): void {
  addHealthRoutes(app, context)
  getOnly(app, '/version', () => version(context))
  getOnly(app, '/metrics', async () => {
    const { body, contentType } = await context.metrics()
    return new Response(body, { headers: { 'content-type': contentType } })
  })
  getOnly(app, '/openapi.json', () => Response.json(openApiDocument(HOLDFAST_VERSION)))
}
