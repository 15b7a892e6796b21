import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { FakeIo } from './fake-io.test-support.js'
import { run } from './run.js'

const answers: readonly (readonly [number, string, RegExp])[] = [
  [426, '', /port for peers/],
  [404, '404 page not found\n', /HTTP status 404/],
  [404, '{"detail":"Not Found"}', /HTTP status 404/],
  [405, '', /HTTP status 405/],
  [400, 'Bad Request', /HTTP status 400/],
  [500, 'oops', /HTTP status 500/],
  [302, '', /HTTP status 302/],
  [200, '<html>hello</html>', /not etcd's/],
]
const commands = [
  ['get', 'a'],
  ['put', 'a', '1'],
  ['lock', 'a', '--', 'true'],
  ['elect', 'a', '--wait-timeout-ms', '2000', '--', 'true'],
]

test.each(answers)(
  'an endpoint that answers %i %j is named, and exits with 69',
  async (status, body, hint) => {
    const server = createServer((_, response) => response.writeHead(status).end(body))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const command of commands) {
      const io = new FakeIo({ env: { HOLDFAST_ENDPOINTS: endpoint } })
      const exit = await run(command, io)
      expect({ command, exit, err: io.err }).toEqual({
        command,
        exit: 69,
        err: expect.stringContaining(endpoint) as string,
      })
      expect(io.err).toMatch(hint)
    }
    server.closeAllConnections()
    server.close()
  },
)
