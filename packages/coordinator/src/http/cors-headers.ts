/** What etcd tells browsers with every answer, and when they ask before they send: all may read. */

export const CORS_HEADERS = {
  'access-control-allow-headers': 'accept, content-type, authorization',
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE',
  'access-control-allow-origin': '*',
} as const
