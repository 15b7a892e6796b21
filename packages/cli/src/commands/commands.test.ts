import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, FakeIo, startTarget } from '../fake-io.test-support.js'
import { run } from '../run.js'

let target: Awaited<ReturnType<typeof startTarget>>
let directory: string
beforeAll(async () => {
  target = await startTarget()
  directory = mkdtempSync(join(tmpdir(), 'holdfast-commands-'))
})
afterAll(async () => {
  await target.close()
  rmSync(directory, { recursive: true, force: true })
})

const cli = (...args: readonly string[]): ReturnType<typeof target.cli> => target.cli(...args)
async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { out } = await cli('--json', ...args)
  return JSON.parse(out) as Record<string, unknown>
}

async function withStdin(
  stdin: string | Uint8Array,
  ...args: readonly string[]
): Promise<{ exit: number; out: string; err: string }> {
  const io = new FakeIo({ stdin, env: { HOLDFAST_ENDPOINTS: target.url } })
  return { exit: await run(args, io), out: io.out, err: io.err }
}

describe('put, get and del', () => {
  test('of one key', async () => {
    expect(await cli('put', 'one', '1')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^OK, revision \d+\n$/) as string,
    })
    expect(await cli('get', 'one')).toMatchObject({ exit: 0, out: 'one\n1\n' })
    expect(await json('put', 'one', '2', '--prev-kv')).toMatchObject({
      previous: { key: { text: 'one' }, value: { text: '1' }, version: 1, lease: '0' },
    })
    expect(await json('get', 'one')).toMatchObject({
      count: 1,
      more: false,
      entries: [{ key: { text: 'one' }, value: { text: '2' }, version: 2 }],
    })
    expect(await cli('del', 'one', '--prev-kv')).toMatchObject({
      exit: 0,
      out: '1 deleted\none\n2\n',
    })
    expect(await cli('del', 'one')).toMatchObject({ exit: 0, out: '0 deleted\n' })
  })

  test('a key that does not exist is a negative answer, an empty interval is none', async () => {
    expect(await cli('get', 'nothing')).toEqual(
      expect.objectContaining({ exit: 3, out: '', err: '' }),
    )
    expect(await cli('get', 'nothing', '--prefix')).toMatchObject({ exit: 0, out: '' })
  })

  test('of intervals', async () => {
    for (const key of ['r/a', 'r/b', 'r/c', 'r0']) await cli('put', key, `v-${key}`)
    const keys = async (...args: readonly string[]): Promise<string[]> =>
      (await cli('get', ...args, '--keys-only')).out.trim().split('\n')
    expect(await keys('r/', '--prefix')).toEqual(['r/a', 'r/b', 'r/c'])
    expect(await keys('r/b', '--range-end', 'r0')).toEqual(['r/b', 'r/c'])
    expect(await keys('r/c', '--from-key')).toEqual(['r/c', 'r0'])
    expect(await keys('r/', '--prefix', '--limit', '1')).toEqual(['r/a'])
    expect(
      await keys('r/', '--prefix', '--sort-by', 'createRevision', '--order', 'descending'),
    ).toEqual(['r/c', 'r/b', 'r/a'])
    expect((await cli('get', 'r/', '--prefix', '--count-only')).out).toBe('3\n')
    expect((await cli('del', 'r', '--prefix')).out).toBe('4 deleted\n')
  })

  test('of an old revision', async () => {
    const { revision } = await json('put', 'old', '1')
    await cli('put', 'old', '2')
    expect((await cli('get', 'old', '--revision', String(revision))).out).toBe('old\n1\n')
    expect(await cli('get', 'old', '--revision', '999999')).toMatchObject({ exit: 1, out: '' })
  })

  test('of bytes, through standard input and output', async () => {
    const bytes = Buffer.from([0, 255, 10, 128])
    expect(await withStdin(bytes, 'put', 'bin', '-')).toMatchObject({ exit: 0 })
    const { outBytes } = await cli('get', 'bin', '--print-value-only')
    expect(Buffer.from(outBytes)).toEqual(Buffer.concat([bytes, Buffer.from('\n')]))
    expect(await json('get', 'bin')).toMatchObject({ entries: [{ value: { base64: 'AP8KgA==' } }] })
  })

  test('a value that begins with a dash goes behind two', async () => {
    await cli('put', 'dash', '--', '-5')
    expect((await cli('get', 'dash')).out).toBe('dash\n-5\n')
  })

  test('--ignore-value attaches a lease', async () => {
    const lease = (await cli('lease', 'grant', '60')).out.trim()
    await cli('put', 'kept', 'v')
    expect(await cli('put', 'kept', '--ignore-value', '--lease', lease)).toMatchObject({ exit: 0 })
    expect(await json('get', 'kept')).toMatchObject({ entries: [{ value: { text: 'v' }, lease }] })
  })
})

describe('txn', () => {
  const text = 'create("t/a") = "0"\n\nput t/a mine\n\nget t/a\nget t/ --prefix --count-only\n'

  test('takes the one branch, then the other', async () => {
    expect(await withStdin(text, 'txn')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^SUCCESS\n\nOK, revision \d+\n$/) as string,
    })
    expect(await withStdin(text, 'txn')).toMatchObject({
      exit: 3,
      out: 'FAILURE\n\nt/a\nmine\n\n1\n',
    })
  })

  test('comes from a file, as JSON, and prints JSON', async () => {
    const file = join(directory, 'txn.json')
    const operations = [
      { put: { key: 't/b', value: { base64: '/w==' } } },
      { get: { key: 't/b' } },
      { del: { key: 't/a' } },
    ]
    writeFileSync(file, JSON.stringify({ success: operations }))
    expect(await json('txn', '--json-input', file)).toMatchObject({
      succeeded: true,
      results: [
        { type: 'put' },
        { type: 'get', entries: [{ value: { base64: '/w==' } }] },
        { type: 'del', deleted: 1 },
      ],
    })
  })

  test('that makes no sense is refused', async () => {
    expect(await withStdin('nonsense', 'txn')).toMatchObject({
      exit: 2,
      err: expect.stringMatching(
        /^holdfast: line 1 of the transaction, nonsense: [^\n]+\n$/,
      ) as string,
    })
    const duplicate = '\nput a 1\nput a 2\n'
    expect(await withStdin(duplicate, 'txn')).toMatchObject({
      exit: 2,
      err: 'holdfast: etcdserver: duplicate key given in txn request\n',
    })
    expect(await cli('txn', join(directory, 'absent'))).toMatchObject({ exit: 2 })
  })
})

describe('lease', () => {
  test('lives, is renewed, is listed, and takes its keys along', async () => {
    const id = (await cli('lease', 'grant', '60')).out.trim()
    expect(id).toMatch(/^\d+$/)
    await cli('put', 'leased', 'v', '--lease', id)
    expect(await json('lease', 'time-to-live', id, '--keys')).toMatchObject({
      id,
      grantedTtl: 60,
      keys: [{ text: 'leased' }],
    })
    expect(await json('lease', 'keep-alive', '--once', id)).toEqual({ id, ttl: 60 })
    expect((await cli('lease', 'list')).out.split('\n')).toContain(id)
    expect(await cli('lease', 'revoke', id)).toMatchObject({ exit: 0 })
    expect(await cli('get', 'leased')).toMatchObject({ exit: 3 })
  })

  test('ids may be chosen, in hexadecimal too', async () => {
    expect((await cli('lease', 'grant', '60', '--id', '0xff')).out).toBe('255\n')
    expect(await cli('lease', 'grant', '60', '--id', '255')).toMatchObject({
      exit: 1,
      err: 'holdfast: etcdserver: lease already exists\n',
    })
  })

  test.each([['revoke'], ['keep-alive'], ['time-to-live']])(
    '%s of one that does not exist is a negative answer',
    async (verb) => {
      const { exit, err } = await cli('lease', verb, '4711')
      expect(exit).toBe(3)
      expect(err).toBe('holdfast: there is no lease 4711\n')
    },
  )

  test('keep-alive renews until it is told to stop', async () => {
    const id = (await cli('lease', 'grant', '1')).out.trim()
    const { io, exit } = target.begin('lease', 'keep-alive', id)
    await eventually(() => (io.out.split('\n').length > 3 ? true : undefined))
    io.signal('SIGTERM')
    await expect(exit).resolves.toBe(0)
    expect(await cli('lease', 'time-to-live', id)).toMatchObject({ exit: 0 })
  })
})

describe('watch', () => {
  test('prints changes from a revision on, and stops when told', async () => {
    const { revision } = await json('put', 'w/a', '1')
    await cli('put', 'w/b', 'line\nbreak')
    const { io, exit } = target.begin('watch', 'w/', '--prefix', '--rev', String(revision))
    await eventually(() => (io.out.includes('w/b') ? true : undefined))
    await cli('del', 'w/a')
    await eventually(() => (io.out.includes('delete') ? true : undefined))
    io.signal('SIGINT')
    await expect(exit).resolves.toBe(0)
    const first = Number(revision)
    expect(io.out.split('\n')).toEqual([
      `${first}\tput\tw/a\t1`,
      `${first + 1}\tput\tw/b\tline\\nbreak`,
      `${first + 2}\tdelete\tw/a`,
      '',
    ])
  })

  test('prints JSON, a revision a line', async () => {
    const { revision } = await json('put', 'wj', '1')
    await cli('put', 'wj', '2')
    const args = ['watch', 'wj', '--rev', String(Number(revision) + 1), '--prev-kv', '--json']
    const { io, exit } = target.begin(...args)
    await eventually(() => (io.out.endsWith('\n') ? true : undefined))
    io.signal('SIGTERM')
    await exit
    expect(JSON.parse(io.out)).toMatchObject({
      revision: Number(revision) + 1,
      events: [
        { type: 'put', entry: { value: { text: '2' } }, previous: { value: { text: '1' } } },
      ],
    })
  })
})

describe('status and member list', () => {
  test('show the member', async () => {
    expect(await json('status')).toMatchObject({
      members: [{ endpoint: target.url, reachable: true, isLeader: true, errors: [] }],
    })
    await eventually(async () => {
      const { out } = await cli('member', 'list')
      return /^ID +NAME +PEER URLS +CLIENT URLS +KIND\n\d+ +default +http\S+ +http\S+ +voter\n$/.test(
        out,
      )
        ? true
        : undefined
    })
    const { exit, out } = await cli('status')
    expect(exit).toBe(0)
    expect(out.split('\n')[1]).toMatch(
      new RegExp(`^${target.url} +default +\\d+ +\\S+ +yes +\\d+ `),
    )
  })

  test('show what cannot be reached, and know when that is all', async () => {
    const nobody = 'http://127.0.0.1:1'
    const both = await cli('status', '--endpoints', `${nobody},${target.url}`)
    expect(both.exit).toBe(0)
    expect(both.out).toContain('ECONNREFUSED')
    const none = await cli('status', '--endpoints', nobody, '--json')
    expect(none.exit).toBe(69)
    expect(JSON.parse(none.out)).toMatchObject({
      members: [{ endpoint: nobody, reachable: false }],
    })
  })
})

describe('what every command has', () => {
  test('an endpoint that nobody listens at is unavailable', async () => {
    const args = ['--endpoints', 'http://127.0.0.1:1', '--timeout-ms', '300']
    const { exit, err } = await cli('get', 'a', ...args)
    expect(exit).toBe(69)
    expect(err).toMatch(/^holdfast: [^\n]*127\.0\.0\.1:1[^\n]*\n$/)
    const asJson = await cli('put', 'a', 'b', '--json', ...args)
    expect(asJson.exit).toBe(69)
    expect(JSON.parse(asJson.err)).toMatchObject({ error: { outcome: 'not-applied' } })
    expect(await cli('lease', 'list', ...args)).toMatchObject({ exit: 69 })
  })

  test('another endpoint is asked when one does not answer', async () => {
    const args = ['--endpoints', `http://127.0.0.1:1,${target.url}`]
    for (const words of [
      ['lease', 'list'],
      ['member', 'list'],
      ['get', '', '--prefix'],
    ]) {
      expect(await cli(...words, ...args)).toMatchObject({ exit: 0, err: '' })
    }
  })

  test.each([
    [['gte', 'a'], "unknown command 'gte' (Did you mean get?)"],
    [['get'], "missing required argument 'key'"],
    [['get', 'a', '--limit', 'x'], 'It must be a whole number.'],
    [['get', 'a', '--prefix', '--from-key'], 'cannot be used with'],
    [['get', 'a', '--endpoints', 'ftp://x'], 'not an endpoint: ftp://x'],
    [['get', 'a', '--endpoints', 'a,,b'], 'the list of endpoints has a gap'],
    [['lease', 'list', '--endpoints', 'ftp://x'], 'not an endpoint: ftp://x'],
    [['get', 'a', '--timeout-ms', '0'], 'It must be greater than 0.'],
    [['get', ''], 'key is not provided'],
    [['put', 'a', 'b', '--lease', 'ff'], 'a hexadecimal one after 0x'],
    [['put', 'a', 'b', '--ignore-value'], '--ignore-value excludes a value'],
    [['lock', ''], 'the name of the lock is empty'],
    [['lock', 'a', 'ls', '-l'], "unknown option '-l'"],
    [['elect', 'a', '--observe', '--', 'ls'], '--observe runs no command'],
    [['elect', 'a', '--observe', '--value', 'x'], 'cannot be used with'],
  ])('wrong usage %j is one line and 2', async (args, part) => {
    const { exit, out, err } = await cli(...args)
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toMatch(/^holdfast: [^\n]+\n$/)
    expect(err).toContain(part)
  })

  test('help is an answer, and its lack of a command is not', async () => {
    for (const args of [['--help'], ['help'], ['get', '--help'], ['help', 'get'], ['--version']]) {
      const { exit, out } = await cli(...args)
      expect([args, exit]).toEqual([args, 0])
      expect(out).not.toBe('')
    }
    expect(await cli()).toMatchObject({ exit: 2, out: '' })
    expect((await cli('help', 'exit-codes')).out).toContain(
      '76     the lock or leadership was lost',
    )
  })

  test('help explains a command within a command', async () => {
    expect((await cli('help', 'member', 'add')).out).toContain('--learner')
    expect((await cli('help', 'lease', 'grant')).out).toContain('holdfast lease grant')
  })

  test('every command teaches: a paragraph and examples', async () => {
    const { out } = await cli('--help')
    const names = [...out.matchAll(/^ {2}([a-z]+)(?: \[options\])?(?: [<[].*?)? {2,}/gm)].map(
      ([, name = '']) => name,
    )
    expect(names).toContain('status')
    expect(names.length).toBeGreaterThanOrEqual(11)
    for (const name of names.filter((one) => one !== 'help')) {
      const help = await cli(name, '--help')
      expect(help.out).toMatch(/Examples:\n {2}\$ /)
    }
  })
})
