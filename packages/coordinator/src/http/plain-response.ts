/** Answers that are text, of the paths beside the wire. */

export function plainText(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
}

export function methodNotAllowed(): Response {
  return new Response('Method Not Allowed\n', { status: 405, headers: { allow: 'GET' } })
}
