import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, FakeIo } from '../fake-io.test-support.js'
import { run } from '../run.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-serve-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const anywhere = ['--client-url', 'http://127.0.0.1:0'] as const
const dataIn = (name: string): readonly string[] => ['--data-dir', join(directory, name)]

interface Served {
  readonly io: FakeIo
  readonly exit: Promise<number>
  readonly line: string
}

async function serve(...args: readonly string[]): Promise<Served> {
  const io = new FakeIo()
  const exit = run(['serve', ...anywhere, ...args], io)
  const line = await Promise.race([
    eventually(() => (io.out.endsWith('\n') ? io.out.trim() : undefined)),
    exit.then(() => Promise.reject(new Error(io.err))),
  ])
  return { io, exit, line }
}

async function refused(...args: readonly string[]): Promise<{ exit: number; err: string }> {
  const io = new FakeIo()
  const exit = await run(['serve', ...args], io)
  expect(io.out).toBe('')
  expect(io.err).toMatch(/^[^\n]+\n$/)
  return { exit, err: io.err.trim() }
}

test('serves clients, says where, and closes in order', async () => {
  const { io, exit, line } = await serve('--name', 'm1', ...dataIn('m1'))
  expect(line).toMatch(/^holdfast: m1 serves clients at http:\/\/127\.0\.0\.1:\d+$/)
  const url = line.split(' ').at(-1) ?? ''
  const put = await fetch(`${url}/v3/kv/put`, { method: 'POST', body: '{"key":"YQ=="}' })
  expect(put.status).toBe(200)
  io.signal('SIGTERM')
  await expect(exit).resolves.toBe(0)
  await expect(fetch(`${url}/version`)).rejects.toThrow()
  expect(io.listens).toBe(false)
  // In order means that the directory is free again, and what was written is there.
  const again = await serve('--name', 'm1', ...dataIn('m1'), '--json')
  const { clientUrl, event } = JSON.parse(again.line) as { clientUrl: string; event: string }
  expect(event).toBe('serving')
  const range = await fetch(`${clientUrl}/v3/kv/range`, { method: 'POST', body: '{"key":"YQ=="}' })
  expect(await range.json()).toMatchObject({ count: '1' })
  again.io.signal('SIGINT')
  await expect(again.exit).resolves.toBe(0)
})

test('a member of a larger cluster says where its peers find it', async () => {
  const port = await freePort()
  const cluster = `m1=http://127.0.0.1:${port},m2=http://127.0.0.1:1`
  const { io, exit, line } = await serve(
    '--name',
    'm1',
    '--initial-cluster',
    cluster,
    ...dataIn('a'),
  )
  expect(line).toMatch(new RegExp(`, peers at http://127.0.0.1:${port}$`))
  io.signal('SIGTERM')
  await exit
})

test('the second signal does not wait', async () => {
  const { io, exit } = await serve(...dataIn('m1'))
  io.signal('SIGTERM')
  io.signal('SIGINT')
  await expect(exit).resolves.toBe(130)
  // In this process the member lives on until it has closed, and so must its directory.
  const next = await eventually(() => serve(...dataIn('m1')).catch(() => undefined))
  next.io.signal('SIGTERM')
  await next.exit
})

describe('one line and a status for', () => {
  test.each([
    [['--nmae', 'x'], "unknown option '--nmae' (Did you mean --name?)"],
    [['--name'], "option '--name <name>' argument missing"],
    [['surplus'], "too many arguments for 'serve'. Expected 0 arguments but got 1."],
    [['--client-url', 'localhost'], 'must look like http://host:port'],
    [['--election-timeout-ms', '100'], 'must be at least 5 heartbeat intervals'],
    [['--heartbeat-interval-ms', 'x'], '--heartbeat-interval-ms must be'],
    [['--name', 'a', '--initial-cluster', 'b=http://127.0.0.1:1'], 'does not list this member'],
    [['--endpoints', 'http://127.0.0.1:1'], 'serve has no use for --endpoints'],
  ])('wrong usage: %j', async (args, part) => {
    const { exit, err } = await refused(...dataIn('m1'), ...args)
    expect(exit).toBe(2)
    expect(err).toContain(part)
    expect(err).not.toContain('error:')
  })

  test('a client port in use', async () => {
    const taken = await occupy()
    const { port } = taken.address() as AddressInfo
    const { exit, err } = await refused('--client-url', `http://127.0.0.1:${port}`, ...dataIn('a'))
    taken.close()
    expect(exit).toBe(1)
    expect(err).toContain(
      `port ${port} is in use by another process: choose another for --client-url`,
    )
  })

  test('a peer port in use', async () => {
    const taken = await occupy()
    const { port } = taken.address() as AddressInfo
    const cluster = `m1=http://127.0.0.1:${port},m2=http://127.0.0.1:1`
    const args = ['--name', 'm1', '--initial-cluster', cluster, ...dataIn('a')]
    const { exit, err } = await refused(...anywhere, ...args)
    taken.close()
    expect(exit).toBe(1)
    expect(err).toContain(
      `port ${port} is in use by another process: choose another for --peer-url`,
    )
  })

  test('a data directory that is in use', async () => {
    const { io, exit: served } = await serve(...dataIn('m1'))
    const { exit, err } = await refused(...anywhere, ...dataIn('m1'))
    io.signal('SIGTERM')
    await served
    expect(exit).toBe(1)
    expect(err).toContain('in use by another process')
  })

  test.each([
    ['cluster', ['--cluster-token', 'another']],
    ['member', ['--name', 'm2', '--peer-url', 'http://127.0.0.1:9999']],
  ])('a data directory of another %s', async (_, args) => {
    const { io, exit: served } = await serve('--name', 'm1', ...dataIn('m1'))
    io.signal('SIGTERM')
    await served
    const { exit, err } = await refused(...anywhere, ...dataIn('m1'), ...args)
    expect(exit).toBe(1)
    expect(err).toContain('belongs to')
  })

  test('a data directory that cannot be made', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const { exit, err } = await refused(...anywhere, '--data-dir', join(file, 'below'))
    expect(exit).toBe(1)
    expect(err).toContain('cannot be written to')
  })

  test('wrong usage, as JSON', async () => {
    const { exit, err } = await refused('--json', '--log-level', 'loud')
    expect(exit).toBe(2)
    expect(JSON.parse(err)).toMatchObject({
      error: {
        code: 'usage',
        message: expect.stringContaining('--log-level must be one of') as string,
      },
    })
  })
})

function occupy(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })
}

async function freePort(): Promise<number> {
  const server = await occupy()
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
