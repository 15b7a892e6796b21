import { utf8Encode } from '@holdfast/protocol'
import { describe, expect, it } from 'vitest'
import { QueuePrefix } from './queue-prefix.js'

const LEASE = '7587862072907233033'
const HEX = '694d7550a3f4d709'

describe('a key under the prefix of a lock', () => {
  const prefix = new QueuePrefix('invoices')
  const includes = (key: string, lease = LEASE): boolean =>
    prefix.includes({ key: utf8Encode(`invoices/${key}`), lease })

  it.each([
    ['of this SDK', `${BigInt(LEASE).toString(16)}-4fzyo82mkyk9`, LEASE],
    ['of etcd’s Go package', BigInt(LEASE).toString(16), LEASE],
    ['whose lease has a short id', '5', '5'],
    ['whose lease has a negative id', 'fffffffffffffffb-x', '-5'],
    ['that somebody took off its lease', `${HEX}-4fzyo82mkyk9`, '0'],
  ])('is one of a contender %s', (_, key, lease) => {
    expect(includes(key, lease)).toBe(true)
  })

  it.each([
    ['state', 'state', '0'],
    ['a number', '42', '0'],
    ['a key that somebody keeps on a lease', 'state', LEASE],
    ['a contender for another lock', `42/${HEX}-4fzyo82mkyk9`, LEASE],
    ['nothing', '', LEASE],
  ])('is none: %s', (_, key, lease) => {
    expect(includes(key, lease)).toBe(false)
  })

  it('is one that the prefix makes', () => {
    const key = prefix.newKey(LEASE, 'x')
    expect(prefix.includes({ key: utf8Encode(key), lease: LEASE })).toBe(true)
  })
})
