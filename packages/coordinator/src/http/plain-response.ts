/** The paths beside the wire: they are read, and most of their answers are text. */

import type { Hono } from 'hono'

/** Nothing but GET: etcd refuses HEAD too, which Hono would answer as GET. */
export function getOnly(
  app: Hono,
  path: string,
  answer: (request: Request) => Response | Promise<Response>,
): void {
  app.get(path, ({ req }) => (req.raw.method === 'GET' ? answer(req.raw) : methodNotAllowed()))
  app.all(path, methodNotAllowed)
}

export function plainText(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
}

function methodNotAllowed(): Response {
  return new Response('Method Not Allowed\n', { status: 405, headers: { allow: 'GET' } })
}
