import { expect, it } from 'vitest'
import { SortedKeys } from './sorted-keys.js'

it('keys are in the order of their bytes, once, and not after they were deleted', () => {
  const keys = new SortedKeys()
  for (const key of ['b', '\xff', 'a', 'b', '\0', 'ab']) keys.add(key)
  const all = { key: '\0', rangeEnd: '\0' }
  expect(keys.within(all)).toEqual(['\0', 'a', 'ab', 'b', '\xff'])
  expect(keys.within({ key: 'a', rangeEnd: 'b' })).toEqual(['a', 'ab'])
  expect(keys.within({ key: 'a' })).toEqual(['a'])
  expect(keys.within({ key: 'aa' })).toEqual([])
  expect(keys.within({ key: 'aa', rangeEnd: 'c' })).toEqual(['ab', 'b'])
  for (const key of ['ab', 'c', 'b']) keys.delete(key)
  expect(keys.within(all)).toEqual(['\0', 'a', '\xff'])
})
