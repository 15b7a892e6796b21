/** Parts of a request that no client should send: methods, targets, headers, and what is no HTTP. */

import type { ByteText } from './input.js'

export const strangeMethods: readonly ByteText[] = [
  ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'TRACK', 'CONNECT', 'PROPFIND'],
  ...['M-SEARCH', 'PURGE', 'QUERY', 'PRI', 'post', 'Post', 'POSTT', 'POS', '', ' POST', 'P\0ST'],
  ...['G'.repeat(10_000), '\xff\xfe', 'POST POST', 'BREW'],
]

/** `/v3/kv/put` stands where the path does. */
export const strangeTargets: readonly ByteText[] = [
  ...['*', '/', '', '//', '/v3', '/v3/', '/v3/kv', '//v3/kv/put', '/v3//kv/put', '/v3/kv/put/'],
  ...['/v3/kv/%70ut', '/v3/kv/%2e%2e/kv/put', '/v3/kv/../kv/put', '/v3/./kv/put', '/V3/kv/put'],
  ...[
    '/v3/kv/put%00',
    '/v3/kv/put%',
    '/v3/kv/put%zz',
    '/v3/kv/put%ff',
    '/%2e%2e/%2e%2e/etc/passwd',
  ],
  ...['/v3%2fkv%2fput', '/v3\\kv\\put', '/v3/kv/put;a=b', '/v3/kv/put#a', '/v3/kv/put?', '?', '#'],
  ...['/v3/kv/put?a=%', '/v3/kv/put?__proto__=1&a[]=2&a=3', `/v3/kv/put?${'a=b&'.repeat(1_000)}`],
  ...['http://holdfast/v3/kv/put', 'http://other:1/v3/kv/put', 'http://a:b@c/v3/kv/put', 'http://'],
  ...['http://[::1', 'http://%/v3/kv/put', 'https://holdfast/v3/kv/put', 'http:///v3/kv/put'],
  ...[
    'ftp://holdfast/v3/kv/put',
    'javascript:1',
    'holdfast:80',
    '[::1]:80',
    '/\xff',
    '/é',
    '/\x7f',
  ],
  ...[
    `/${'a'.repeat(10_000)}`,
    `/${'a'.repeat(70_000)}`,
    `/${'../'.repeat(2_000)}`,
    '/v3/kv/put\t',
  ],
  ...['/__proto__', '/constructor', '/toString', '/v3/__proto__', '/v3/:path', '/:a/*', '/*'],
]

/** Paths beside the wire, which are asked for with GET. */
export const plainTargets: readonly ByteText[] = [
  ...['/health', '/livez', '/readyz', '/version', '/metrics', '/openapi.json', '/livez/none'],
  ...['/readyz/data_corruption', '/readyz/linearizable_read', '/health?serializable=true'],
  ...[
    '/health?exclude=NOSPACE&exclude=%00',
    '/readyz?verbose',
    '/readyz?exclude=__proto__&verbose',
  ],
  ...['/livez?exclude=serializable_read&exclude', '/health?serializable=%', '/readyz/__proto__'],
]

const durations = [
  ...['0n', '1n', '-1S', '5S', '+5S', '1H', '99999999999999999999H', 'S', '5', '5s', '5 S', '1e3S'],
  ...['\xff', '5S, 5S', '0x5S', ' 5S ', '-0m', '1.5S', '', 'NaNS', `${'9'.repeat(400)}H`],
]
const requestIds = [
  ...['0-abcdefgh', '1-abcdefghij', '9999999999999999-abcdefgh', '-1-abcdefgh', '0-a', 'abcdefgh'],
  ...['0-abc defgh', '00-abcdefgh', `0-${'a'.repeat(47)}`, `0-${'a'.repeat(48)}`, '', '\xff', '0-'],
  ...['0-__proto__', '2-constructor', '0-abcdefgh, 0-abcdefgh', '1e3-abcdefgh'],
]
const types = ['application/json', 'text/plain', 'multipart/form-data', 'a', '\xff', '', 'a/b;c="']

export const strangeHeaders: readonly ByteText[] = [
  ...durations.map((duration) => `Grpc-Timeout: ${duration}`),
  ...requestIds.map((id) => `Idempotency-Key: ${id}`),
  ...requestIds.map((id) => `Idempotency-Key: ${id}\r\nIdempotency-Repeated: true`),
  ...['true', 'TRUE', 'true, true', '1', '\xff'].map((has) => `Grpc-Metadata-hasleader: ${has}`),
  ...types.map((type) => `Content-Type: ${type}`),
  ...['100-continue', '200-ok', '', '100-continue, 100-continue'].map((text) => `Expect: ${text}`),
  ...['close', 'upgrade', 'keep-alive, upgrade', 'x'].map((text) => `Connection: ${text}`),
  ...['h2c', 'websocket', 'TLS/1.0', ''].map((to) => `Connection: upgrade\r\nUpgrade: ${to}`),
  ...['a b', '', '[::', 'a@b', '/', 'a:99999', '\xff', '%', 'a,b'].map((host) => `Host: ${host}`),
  ...['gzip', 'br;q=9', '*'].map((coding) => `Accept-Encoding: ${coding}`),
  ...['gzip', 'deflate', 'x'].map((coding) => `Content-Encoding: ${coding}`),
  ...['Authorization: Bearer x', 'Cookie: token=x; token', 'Origin: null', 'Range: bytes=0-0'],
  ...[
    'no colon',
    ': no name',
    'a b: c',
    'A\0: b',
    'A: b\0c',
    ' folded',
    'A: b\r\n folded',
    'A:\tb',
  ],
  ...['A: \x80', '\xff: a', 'A: b\nB: c', 'A: b\rB: c', '__proto__: a', 'constructor: a', 'A : b'],
  ...[`A: ${'b'.repeat(7_000)}`, `A: ${'b'.repeat(20_000)}`, `${'A'.repeat(20_000)}: b`],
  ...[
    'A: b\r\n'.repeat(300) + 'A: b',
    'A: b\r\n'.repeat(3_000) + 'A: b',
    'Trailer: Content-Length',
  ],
]

export const noHttp: readonly ByteText[] = [
  // TLS, HTTP/2, SSH, what came before HTTP/1, and what may come after it.
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + '\x00'.repeat(200),
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00',
  'SSH-2.0-OpenSSH_9.6\r\n',
  'GET /health\r\n\r\n',
  'GET /health HTTP/1.0\r\n\r\n',
  'GET /health HTTP/1.1\r\n\r\n',
  'GET /health HTTP/0.9\r\nHost: a\r\n\r\n',
  'GET /health HTTP/2.0\r\nHost: a\r\n\r\n',
  'GET /health HTTP/9.9\r\nHost: a\r\n\r\n',
  'GET /health HTTP/1.1.1\r\nHost: a\r\n\r\n',
  'GET /health HTTPS/1.1\r\nHost: a\r\n\r\n',
  'GET  /health  HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /health HTTP/1.1\nHost: a\n\n',
  'GET /health HTTP/1.1\rHost: a\r\r',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  '\r\n\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n',
  '\0'.repeat(100),
  '\r\n'.repeat(100),
  '\xff'.repeat(2_000),
  '*1\r\n$4\r\nPING\r\n',
  '{"key":"YQ=="}\n',
]
