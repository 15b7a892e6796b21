/**
 * Loopback ports that nobody listens on. All are held open together, so that they are distinct.
 *
 * They lie below those that systems draw for outgoing connections (Linux from 32768, others from
 * 49152): one of these could take the port of a member while that is down, and it could not come back.
 */

import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

const FIRST = 15_000
const END = 32_000
/** So many in a row are never taken by chance. */
const MAX_ATTEMPTS = 100

export async function freePorts(count: number): Promise<readonly number[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => listenSomewhere()))
  await Promise.all(opened.map(({ server }) => new Promise((resolve) => server.close(resolve))))
  return opened.map(({ port }) => port)
}

async function listenSomewhere(): Promise<{ readonly server: Server; readonly port: number }> {
  let failure: unknown
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST, END)
    try {
      return { server: await listen(port), port }
    } catch (error) {
      failure = error
    }
  }
  throw new Error(`no free port was found among ${MAX_ATTEMPTS}`, { cause: failure })
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
