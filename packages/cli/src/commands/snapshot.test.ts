import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@holdfast/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, FakeIo, startTarget } from '../fake-io.test-support.js'
import { run } from '../run.js'

const SUM_BYTES = 32
const BUMP = 1_000_000_000

let target: Awaited<ReturnType<typeof startTarget>>
let directory: string
let file: string
/** What is in the snapshot. */
let revision: number
let clusterId: string

const inDirectory = (name: string): string => join(directory, name)

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-snapshot-'))
  file = inDirectory('state.snapshot')
  target = await startTarget()
  for (const key of ['a', 'b', 'b', 'gone']) await target.cli('put', key, `${key}!`)
  await target.cli('del', 'gone')
  await target.cli('lease', 'grant', '600', '--id', '77')
  await target.cli('put', 'leased', 'x', '--lease', '77')
  const saved = await target.cli('snapshot', 'save', file)
  expect(saved).toMatchObject({ exit: 0, err: '' })
  const status = JSON.parse((await target.cli('--json', 'snapshot', 'status', file)).out) as Status
  ;({ revision, clusterId } = status)
})
afterAll(async () => {
  await target.close()
  rmSync(directory, { recursive: true })
})

interface Status {
  readonly revision: number
  readonly clusterId: string
}

function restore(name: string, ...more: readonly string[]): ReturnType<typeof target.cli> {
  const io = new FakeIo()
  const args = ['--json', 'snapshot', 'restore', file, '--data-dir', inDirectory(name), ...more]
  return run(args, io).then((exit) => ({ exit, out: io.out, err: io.err, outBytes: io.outBytes }))
}

/** Runs a member on a directory, for as long as it is used. */
async function serving<Result>(
  name: string,
  use: (url: string) => Promise<Result>,
  ...more: readonly string[]
): Promise<Result> {
  const io = new FakeIo()
  const flags = ['--data-dir', inDirectory(name), '--client-url', 'http://127.0.0.1:0', ...more]
  const exit = run(['serve', '--json', ...flags], io)
  const line = await eventually(() => (io.out.endsWith('\n') ? io.out : undefined))
  try {
    return await use((JSON.parse(line) as { clientUrl: string }).clientUrl)
  } finally {
    io.signal('SIGTERM')
    await exit
  }
}

async function post(url: string, path: string, body: unknown): Promise<Record<string, never>> {
  const response = await fetch(`${url}/v3${path}`, { method: 'POST', body: JSON.stringify(body) })
  return (await response.json()) as Record<string, never>
}

test('the status tells what is in a snapshot', async () => {
  const { exit, out } = await target.cli('snapshot', 'status', file)
  expect(exit).toBe(0)
  expect(out).toMatch(/^REVISION +KEYS +LEASES +BYTES +CLUSTER +SHA-256\n/)
  const bytes = readFileSync(file).length - SUM_BYTES
  expect(out).toMatch(new RegExp(`^${revision} +3 +1 +${bytes} +${clusterId} +[0-9a-f]{64}$`, 'm'))
})

test('a restored cluster has what was saved, other ids, and no revision of the old one', async () => {
  // The old cluster goes on, and gives revisions that the snapshot knows nothing of.
  for (let at = 0; at < 5; at += 1) await target.cli('put', 'later', 'x')
  const { exit, out } = await restore('member')
  expect(exit).toBe(0)
  const restored = JSON.parse(out) as Status
  expect(restored).toMatchObject({ revision: revision + BUMP })
  expect(restored.clusterId).not.toBe(clusterId)
  await serving('member', async (url) => {
    const range = await post(url, '/kv/range', { key: 'YQ==', range_end: 'eg==' })
    expect(range).toMatchObject({
      header: { cluster_id: restored.clusterId, revision: String(revision + BUMP) },
      kvs: [{ value: 'YSE=' }, { value: 'YiE=', version: '2' }, { lease: '77' }],
    })
    expect(await post(url, '/lease/timetolive', { ID: '77' })).toMatchObject({ grantedTTL: '600' })
    // Revisions of the old cluster are gone, for reads and for watches.
    expect(await post(url, '/kv/range', { key: 'YQ==', revision: String(revision) })).toMatchObject(
      { message: 'etcdserver: mvcc: required revision has been compacted' },
    )
    const holdfast = connect({ endpoints: [url] })
    const watch = holdfast.watch('a', { fromRevision: revision + 1 })
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'compacted',
      compactRevision: revision + BUMP,
    })
    const lock = await holdfast.lock('l').acquire()
    expect(lock.fencingToken).toBeGreaterThan(revision + BUMP)
    await lock.release()
    await holdfast.close()
  })
  // And again, on what it wrote itself.
  await serving('member', async (url) => {
    expect(await post(url, '/kv/range', { key: 'YQ==' })).toMatchObject({ count: '1' })
  })
})

test('members of one restored cluster are restored with the same words', async () => {
  const cluster = 'm1=http://10.0.0.1:1,m2=http://10.0.0.2:1'
  const of = async (name: string, ...more: readonly string[]): Promise<Status> =>
    JSON.parse((await restore(name, '--initial-cluster', cluster, ...more)).out) as Status
  const first = await of('one', '--name', 'm1')
  const second = await of('two', '--name', 'm2')
  expect(second).toMatchObject({ clusterId: first.clusterId, revision: first.revision })
  // Other revisions would be another state, which must not pass for the same cluster.
  const other = await of('three', '--name', 'm2', '--bump-revision', '5')
  expect(other.revision).toBe(revision + 5)
  expect(other.clusterId).not.toBe(first.clusterId)
})

test('a second restore begins above the first when it is told to, as the help says', async () => {
  const of = async (name: string, ...more: readonly string[]): Promise<Status> =>
    JSON.parse((await restore(name, ...more)).out) as Status
  const first = await of('disaster-1')
  const help = (await target.cli('snapshot', 'restore', '--help')).out.replace(/\s+/g, ' ')
  const [, bump] = /which (\d+) does the second time/.exec(help) ?? []
  const second = await of('disaster-2', '--bump-revision', bump!)
  expect(second.revision).toBe(first.revision + BUMP)
  expect(second.clusterId).not.toBe(first.clusterId)
})

describe('refused, in one line and without a trace, is', () => {
  test.each<[string, (sound: Buffer) => Buffer]>([
    ['one with a wrong bit', (sound) => flipped(sound, 5_000)],
    ['one with a wrong bit in its sum', (sound) => flipped(sound, sound.length - 1)],
    ['one that ends early', (sound) => sound.subarray(0, -1)],
    ['one that ends after a page', (sound) => sound.subarray(0, 4096)],
    ['one that goes on', (sound) => Buffer.concat([sound, Buffer.of(0)])],
    ['an empty file', () => Buffer.alloc(0)],
    ['another file', () => Buffer.from('{"name": "holdfast", "what": "no snapshot of anything"}')],
  ])('%s', async (_what, change) => {
    const sound = file
    file = inDirectory('damaged.snapshot')
    writeFileSync(file, change(readFileSync(sound)))
    const before = readdirSync(directory)
    const refused = await restore('refused')
    const status = await target.cli('snapshot', 'status', file)
    file = sound
    for (const { exit, err, out } of [refused, status]) {
      expect({ exit, out }).toEqual({ exit: 1, out: '' })
      expect(err).toMatch(
        /^[^\n]*damaged\.snapshot (is damaged or not whole|is too short)[^\n]*\n$/,
      )
    }
    expect(readdirSync(directory)).toEqual(before)
  })

  test('a missing one', async () => {
    const { exit, err } = await target.cli('snapshot', 'status', inDirectory('nowhere'))
    expect(exit).toBe(1)
    expect(err).toMatch(/^holdfast: \S+ cannot be read: ENOENT[^\n]*\n$/)
  })

  test('a directory that is not empty', async () => {
    const { exit, err } = await restore('.')
    expect(exit).toBe(2)
    expect(err).toContain('is not empty')
  })

  test.each(['0', '-1', '1.5', '9999999999999999'])('a bump by %s', async (bump) => {
    const { exit, err } = await restore('bumped', `--bump-revision=${bump}`)
    expect({ exit, lines: err.trim().split('\n').length }).toEqual({ exit: 2, lines: 1 })
    expect(existsSync(inDirectory('bumped'))).toBe(false)
  })

  test('a snapshot of nobody', async () => {
    const io = new FakeIo()
    const path = inDirectory('nobody')
    const args = ['--endpoints', 'http://127.0.0.1:1', 'snapshot', 'save', path]
    expect(await run(args, io)).toBe(69)
    expect(readdirSync(directory).filter((name) => name.startsWith('nobody'))).toEqual([])
  })

  test('a start with another initial cluster than it was restored with', async () => {
    await restore('placed')
    const io = new FakeIo()
    const flags = ['--data-dir', inDirectory('placed'), '--cluster-token', 'another']
    expect(await run(['serve', '--client-url', 'http://127.0.0.1:0', ...flags], io)).toBe(1)
    expect(io.err).toContain('belongs to')
  })
})

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1
  return copy
}
