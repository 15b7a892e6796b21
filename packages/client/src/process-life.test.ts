import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'

/**
 * A program that has nothing but its lock: no socket, no timer of its own. Its cluster is an object
 * that grants whatever is asked for. The unref'ed timer says `idle` only if something else keeps the
 * process alive.
 */
const program = (use: string): string => `
  import { once } from 'node:events'
  import { connect } from '${new URL('../dist/index.js', import.meta.url).href}'

  const lease = { ID: '7', TTL: '10' }
  const created = { response_put: {} }
  const queue = { response_range: { kvs: [] } }
  const answers = {
    '/v3/lease/grant': lease,
    '/v3/lease/keepalive': { result: lease },
    '/v3/kv/txn': { header: { revision: '5' }, succeeded: true, responses: [created, queue] },
  }
  const transport = {
    request: async ({ path }) => ({ status: 200, body: JSON.stringify(answers[path] ?? {}) }),
    stream: () => new Promise(() => undefined),
    close: async () => undefined,
  }
  const shutdown = new AbortController()
  process.once('SIGTERM', () => shutdown.abort())
  const work = async ({ signal }) => {
    setTimeout(() => console.log('idle'), 100).unref()
    await once(AbortSignal.any([signal, shutdown.signal]), 'abort')
    return 'ended'
  }
  const holdfast = connect({ endpoints: 'http://nowhere', transport })
  console.log(await (${use}))
`

/** Tells the program to stop once it is idle, if it lives so long. */
async function lifeOf(use: string): Promise<{ code: number | null; lines: readonly string[] }> {
  const args = ['--input-type=module', '--eval', program(use)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
    if (out === 'idle\n') child.kill('SIGTERM')
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, lines: out.trim().split('\n') }
}

test.each([
  ['run', "holdfast.lock('l').run(work)"],
  ['lead', "holdfast.election('e').lead(work)"],
  ['lead, with a signal', "holdfast.election('e').lead(work, { signal: shutdown.signal })"],
])('the work of %s keeps the process alive until it has ended', async (_, use) => {
  expect(await lifeOf(use)).toEqual({ code: 0, lines: ['idle', 'ended'] })
})

test('a lock that was merely acquired does not', async () => {
  const use = "holdfast.lock('l').acquire().then(({ name }) => name)"
  expect(await lifeOf(use)).toEqual({ code: 0, lines: ['l'] })
})
