import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { bench } from './fake/bench.test-support.js'

test('an entry shows what it is, as JSON and to console.log', async () => {
  const client = bench().client()
  await client.kv.put('a', 'é')
  const entry = await client.kv.get('a')
  const shown = { key: 'a', value: 'é', createRevision: 2, modRevision: 2, version: 1, lease: '0' }
  expect(JSON.parse(JSON.stringify(entry))).toEqual(shown)
  expect(inspect(entry)).toBe(inspect(shown))
})

test('a held lock and a leadership show what they are', async () => {
  const client = bench().client()
  const lock = await client.lock('l').acquire()
  const leadership = await client.election('e').campaign('x')
  for (const held of [lock, leadership]) {
    const { name, key, fencingToken } = held
    expect(JSON.parse(JSON.stringify(held))).toEqual({ name, key, fencingToken })
    expect(inspect(held)).toBe(inspect({ name, key, fencingToken }))
  }
})
