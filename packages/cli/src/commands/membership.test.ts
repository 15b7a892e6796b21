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
