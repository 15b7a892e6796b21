import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTarget } from '../fake-io.test-support.js'

let target: Awaited<ReturnType<typeof startTarget>>
beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.close())

async function revisionNow(): Promise<number> {
  const { out } = await target.cli('--json', 'put', 'key', 'x'.repeat(100_000))
  return (JSON.parse(out) as { revision: number }).revision
}

test('history is compacted, and what that frees is given back', async () => {
  for (let at = 0; at < 20; at += 1) await revisionNow()
  const revision = await revisionNow()
  expect(await target.cli('compact', String(revision))).toMatchObject({
    exit: 0,
    out: `compacted at revision ${revision}\n`,
  })
  expect(await target.cli('get', 'key', '--revision', '3')).toMatchObject({ exit: 1 })
  const { exit, out } = await target.cli('--json', 'defrag')
  expect(exit).toBe(0)
  const { endpoint, freedBytes } = JSON.parse(out) as { endpoint: string; freedBytes: number }
  expect(endpoint).toBe(target.url)
  expect(freedBytes).toBeGreaterThan(1_000_000)
  expect((await target.cli('defrag')).out).toMatch(/ has \d+ bytes, 0 less than before\n$/)
})

test('an endpoint that cannot be reached does not keep the others from it', async () => {
  const nobody = 'http://127.0.0.1:9'
  const { exit, out, err } = await target.cli('--endpoints', `${nobody},${target.url}`, 'defrag')
  expect(exit).toBe(69)
  expect(out).toMatch(new RegExp(`^${target.url} has \\d+ bytes`))
  expect(err).toMatch(new RegExp(`^holdfast: ${nobody}: .*\n$`))
})

test('a revision that is to come is not compacted', async () => {
  expect(await target.cli('compact', '999999')).toMatchObject({
    exit: 1,
    err: 'holdfast: etcdserver: mvcc: required revision is a future revision\n',
  })
  expect(await target.cli('compact', '0')).toMatchObject({ exit: 2 })
})

test('alarms are told, keep the store from growing, and are taken back', async () => {
  expect((await target.cli('alarm', 'list')).out).toBe('MEMBER  ALARM\n')
  for (const alarm of ['NOSPACE', 'CORRUPT']) {
    const body = JSON.stringify({ action: 'ACTIVATE', memberID: '7', alarm })
    await fetch(`${target.url}/v3/maintenance/alarm`, { method: 'POST', body })
  }
  expect((await target.cli('alarm', 'list')).out).toBe(
    'MEMBER  ALARM\n7       corrupt\n7       noSpace\n',
  )
  expect(await target.cli('put', 'a', 'b')).toMatchObject({ exit: 1 })
  const { out } = await target.cli('--json', 'alarm', 'disarm')
  expect(JSON.parse(out)).toEqual({
    alarms: [
      { memberId: '7', type: 'corrupt' },
      { memberId: '7', type: 'noSpace' },
    ],
  })
  expect((await target.cli('--json', 'alarm', 'list')).out).toBe('{"alarms":[]}\n')
  expect(await target.cli('put', 'a', 'b')).toMatchObject({ exit: 0 })
})
