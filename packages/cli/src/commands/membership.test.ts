import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTarget } from '../fake-io.test-support.js'

let target: Awaited<ReturnType<typeof startTarget>>
beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.close())

const cli = (...args: readonly string[]): ReturnType<typeof target.cli> => target.cli(...args)

test('members are added, moved and removed, one at a time', async () => {
  const added = await cli('member', 'add', '--learner', 'http://127.0.0.1:9')
  expect(added).toMatchObject({ exit: 0, err: '' })
  const [, id = ''] = /^(\d+) added as a learner\n$/.exec(added.out) ?? []
  expect((await cli('member', 'list')).out).toMatch(
    new RegExp(`^${id} +- +http://127.0.0.1:9 +- +learner$`, 'm'),
  )
  expect(await cli('member', 'add', '--learner', 'http://127.0.0.1:10')).toMatchObject({
    exit: 1,
    err: 'holdfast: etcdserver: too many learner members in cluster\n',
  })
  expect(await cli('member', 'update', id, 'http://127.0.0.1:11')).toMatchObject({ exit: 0 })
  expect((await cli('member', 'list')).out).toContain('http://127.0.0.1:11')
  expect(await cli('member', 'promote', id)).toMatchObject({ exit: 1 })
  expect(await cli('member', 'remove', id)).toMatchObject({ exit: 0, out: `${id} removed\n` })
  expect(await cli('member', 'remove', id)).toMatchObject({
    exit: 1,
    err: 'holdfast: etcdserver: member not found\n',
  })
})

test('what is no member’s address is refused', async () => {
  expect(await cli('member', 'add', 'nowhere')).toMatchObject({
    exit: 2,
    err: 'holdfast: etcdserver: given member URLs are invalid\n',
  })
})

test('where no member can be is refused', async () => {
  for (const urls of [['http://127.0.0.1:0'], ['http://h:1', 'http://h:1']]) {
    expect(await cli('member', 'add', ...urls)).toMatchObject({
      exit: 2,
      err: 'holdfast: etcdserver: given member URLs are invalid\n',
    })
  }
})

const REMOVED = '14789900269040759123'

test.each([
  ['remove', 'abc'],
  ['remove', ''],
  ['promote', '0x'],
  ['update', '1.5', 'http://h:1'],
  ['remove', String(2n ** 64n)],
])('member %s %s: what is no id is refused before anybody is asked', async (...args) => {
  const said = await cli('--endpoints', 'http://127.0.0.1:1', 'member', ...args)
  expect(said).toMatchObject({ exit: 2, out: '' })
  expect(said.err).toMatch(
    /^holdfast: .*'id'.* It must be a decimal number, or a hexadecimal one after 0x\.\n$/,
  )
})

test('an id may be hexadecimal', async () => {
  const id = `0x${BigInt(REMOVED).toString(16)}`
  expect(await cli('member', 'remove', id)).toMatchObject({
    exit: 1,
    err: 'holdfast: etcdserver: member not found\n',
  })
  expect(await cli('transfer-leadership', 'x')).toMatchObject({ exit: 2 })
  expect(await cli('transfer-leadership', '0x7')).toMatchObject({
    exit: 1,
    err: 'holdfast: etcdserver: bad leader transferee\n',
  })
})

test('the leadership goes to voters only, and stays where it is', async () => {
  const { out } = await cli('--json', 'member', 'list')
  const { members } = JSON.parse(out) as { members: { id: string }[] }
  const [{ id }] = members as [{ id: string }]
  expect(await cli('transfer-leadership', id)).toMatchObject({ exit: 0, out: `${id} leads\n` })
  expect(await cli('transfer-leadership', '7')).toMatchObject({
    exit: 1,
    err: 'holdfast: etcdserver: bad leader transferee\n',
  })
})
