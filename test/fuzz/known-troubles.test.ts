import { expect, it } from 'vitest'
import type { Input } from './input.js'
import { knownChange } from './known-troubles.js'

const proclaim: Input = {
  ...{ at: 0, kind: 'json', name: 'value', path: '/v3beta/election/proclaim', pieces: [] },
  ...{ isPipelined: true, isStream: false },
}

it.each([
  ['500', true],
  ['101 error 2', true],
  // It could not be read, and so has granted nothing.
  ['400', false],
  ['101 error 3', false],
  ['closed', false],
])(
  'of a proclaim that is refused with %s it is known that it may leave a lease: %s',
  (label, is) => {
    expect(knownChange(proclaim, { verdict: 'refused', label }) !== undefined).toBe(is)
  },
)

it('of any other request nothing is known', () => {
  const resign = { ...proclaim, path: '/v3/election/resign' }
  expect(knownChange(resign, { verdict: 'refused', label: '500' })).toBeUndefined()
})
