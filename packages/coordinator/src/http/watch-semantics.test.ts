/** What a watcher sees of writes, from the request of one client to the line of another (§8.31–36). */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { base64, Lines, OpenBody, startEdge, type Edge, type Json } from './edge.test-support.js'

let edge: Edge
const opened: Lines[] = []

beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.close())
afterEach(async () => {
  for (const lines of opened.splice(0)) await lines.leave()
})

/** The stream of a watch that has been created. */
async function watch(request: Json): Promise<Lines> {
  const lines = new Lines(await edge.open('/v3/watch', JSON.stringify({ create_request: request })))
  opened.push(lines)
  expect(await lines.result()).toMatchObject({ created: true })
  return lines
}

async function write(path: string, body: Json): Promise<number> {
  const answer = await edge.post(path, body)
  expect(answer.status).toBe(200)
  return Number((answer.body['header'] as Json)['revision'])
}

const put = (key: string, value: string, more: Json = {}): Promise<number> =>
  write('/v3/kv/put', { key: base64(key), value: base64(value), ...more })
const remove = (key: string, rangeEnd = ''): Promise<number> =>
  write('/v3/kv/deleterange', { key: base64(key), range_end: base64(rangeEnd) })

/** `+key=value` for each put and `-key` for each delete of the next message, at its revision. */
async function events(lines: Lines): Promise<readonly [number, ...string[]]> {
  const { header, events: told } = (await lines.result()) as unknown as {
    header: { revision: string }
    events: { type?: string; kv: { key: string; value?: string } }[]
  }
  const decode = (text = ''): string => Buffer.from(text, 'base64').toString()
  const texts = told.map(({ type, kv }) =>
    type === 'DELETE' ? `-${decode(kv.key)}` : `+${decode(kv.key)}=${decode(kv.value)}`,
  )
  return [Number(header.revision), ...texts]
}

const prefix = (name: string): Json => ({ key: base64(`${name}/`), range_end: base64(`${name}0`) })

describe('a watcher', () => {
  it('sees puts and deletes, each at its revision', async () => {
    const lines = await watch(prefix('basic'))
    const created = await put('basic/a', '1')
    const updated = await put('basic/a', '2')
    const removed = await remove('basic/a')
    expect(await events(lines)).toEqual([created, '+basic/a=1'])
    expect(await events(lines)).toEqual([updated, '+basic/a=2'])
    expect(await events(lines)).toEqual([removed, '-basic/a'])
  })

  it('sees all that a transaction changed in one message, in its order (§8.33)', async () => {
    const lines = await watch(prefix('txn'))
    await put('txn/b', '0')
    const revision = await write('/v3/kv/txn', {
      success: [
        { request_put: { key: base64('txn/z'), value: base64('1') } },
        { request_delete_range: { key: base64('txn/b') } },
        { request_txn: { success: [{ request_put: { key: base64('txn/a') } }] } },
      ],
    })
    await events(lines)
    expect(await events(lines)).toEqual([revision, '+txn/z=1', '-txn/b', '+txn/a='])
  })

  it('sees a deleted interval as one revision, in byte order', async () => {
    for (const key of ['b', 'c', 'a']) await put(`many/${key}`, '')
    const lines = await watch(prefix('many'))
    const revision = await remove('many/', 'many0')
    expect(await events(lines)).toEqual([revision, '-many/a', '-many/b', '-many/c'])
  })

  it('sees what a lease takes with it', async () => {
    await write('/v3/lease/grant', { ID: '900', TTL: '60' })
    await put('leased/b', '', { lease: '900' })
    await put('leased/a', '', { lease: '900' })
    const lines = await watch(prefix('leased'))
    const revision = await write('/v3/lease/revoke', { ID: '900' })
    expect(await events(lines)).toEqual([revision, '-leased/a', '-leased/b'])
  })

  it('sees nothing of writes that changed nothing, were refused, or are elsewhere', async () => {
    const lines = await watch(prefix('quiet'))
    await remove('quiet/missing')
    await edge.post('/v3/kv/put', { key: base64('quiet/a'), lease: '12345' })
    await put('quiet', 'above the prefix')
    await put('quiet0', 'below it')
    const revision = await put('quiet/a', 'at last')
    expect(await events(lines)).toEqual([revision, '+quiet/a=at last'])
  })

  it('resumes at a revision without loss or repetition (catalogue 76)', async () => {
    const revisions: number[] = []
    for (let at = 0; at < 5; at++) revisions.push(await put('resume/k', String(at)))
    for (const [at, start] of revisions.entries()) {
      const lines = await watch({ ...prefix('resume'), start_revision: String(start) })
      const expected = revisions.slice(at).map((_, offset) => `+resume/k=${at + offset}`)
      expect(await events(lines)).toEqual([revisions.at(-1), ...expected])
    }
    const next = await watch({ ...prefix('resume'), start_revision: String(revisions[4]! + 1) })
    const revision = await put('resume/k', 'new')
    expect(await events(next)).toEqual([revision, '+resume/k=new'])
  })

  it('hands over from history to live without gap or repetition', async () => {
    const first = await put('hand/0', '')
    const watching = watch({ ...prefix('hand'), start_revision: String(first) })
    const writing = Array.from({ length: 200 }, (_, at) => put(`hand/${at + 1}`, ''))
    const lines = await watching
    await Promise.all(writing)
    const seen: string[] = []
    while (seen.length < 201) seen.push(...(await events(lines)).slice(1).map(String))
    expect(new Set(seen).size).toBe(201)
    const last = await put('hand/end', '')
    expect(await events(lines)).toEqual([last, '+hand/end='])
  })

  it('may wait for the future, and hears nothing before (§8.31)', async () => {
    const now = edge.node.state.revision
    const lines = await watch({ ...prefix('future'), start_revision: String(now + 3) })
    await put('future/a', '1')
    await put('future/a', '2')
    const revision = await put('future/a', '3')
    expect(await events(lines)).toEqual([revision, '+future/a=3'])
  })
})

describe('the previous value (§8.36)', () => {
  it('comes with updates and deletes, not with creations, and only when asked for', async () => {
    const asking = await watch({ ...prefix('prev'), prev_kv: true })
    const plain = await watch(prefix('prev'))
    const created = await put('prev/a', '1')
    await put('prev/a', '2')
    await remove('prev/a')
    const told = await asking.results(3)
    const revision = String(created)
    const kv = { key: base64('prev/a'), create_revision: revision, version: '1' }
    const previous = told.map((line) => (line['events'] as readonly Json[])[0]?.['prev_kv'])
    expect(previous).toEqual([
      undefined,
      { ...kv, mod_revision: revision, value: base64('1') },
      { ...kv, mod_revision: String(created + 1), version: '2', value: base64('2') },
    ])
    for (const { events: seen } of await plain.results(3)) {
      expect((seen as Json[])[0]).not.toHaveProperty('prev_kv')
    }
  })

  it('is gone with its compaction', async () => {
    await put('old/a', '1')
    const revision = await put('old/a', '2')
    await write('/v3/kv/compaction', { revision: String(revision) })
    const lines = await watch({ ...prefix('old'), prev_kv: true, start_revision: String(revision) })
    const { events: told } = await lines.result()
    expect(told).toEqual([{ kv: expect.objectContaining({ value: base64('2') }) as unknown }])
  })
})

describe('filters', () => {
  it.each([
    [['NOPUT'], ['-f/a', '-f/b']],
    [['NODELETE'], ['+f/a=', '+f/b=']],
    [[0], ['-f/a', '-f/b']],
    [[], ['+f/a=', '-f/a', '+f/b=', '-f/b']],
  ])('%j leave %j, and no message without events', async (filters, expected) => {
    const lines = await watch({ ...prefix('f'), filters })
    for (const key of ['f/a', 'f/b']) {
      await put(key, '')
      await remove(key)
    }
    const seen: string[] = []
    while (seen.length < expected.length) seen.push(...(await events(lines)).slice(1).map(String))
    expect(seen).toEqual(expected)
  })

  it('that both apply leave nothing, but the revision is told when asked for', async () => {
    const body = new OpenBody()
    body.send({ create_request: { ...prefix('f'), filters: ['NOPUT', 'NODELETE'] } })
    const lines = new Lines(await edge.open('/v3/watch', body.stream))
    opened.push(lines)
    await lines.result()
    const revision = await put('f/a', '')
    body.send({ progress_request: {} })
    expect(await lines.result()).toMatchObject({
      header: { revision: String(revision) },
      watch_id: '-1',
    })
  })
})

describe('the compacted revision (§8.32)', () => {
  it('itself can be watched from, with the delete made there; below it not', async () => {
    await put('c/a', '1')
    const removed = await remove('c/a')
    await put('c/b', '1')
    await write('/v3/kv/compaction', { revision: String(removed), physical: true })
    const lines = await watch({ ...prefix('c'), start_revision: String(removed) })
    expect((await events(lines)).slice(1)).toEqual(['-c/a', '+c/b=1'])

    const late = await watch({ ...prefix('c'), start_revision: String(removed - 1) })
    const told = await late.result()
    expect(told).toMatchObject({ canceled: true, compact_revision: String(removed) })
    expect(told).not.toHaveProperty('cancel_reason')
    expect(told['header']).not.toHaveProperty('revision')
  })
})
