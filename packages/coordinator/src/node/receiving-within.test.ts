/** Which snapshots are received on a disk that has not much room (catalogue 36). */

import { expect, it } from 'vitest'
import { receivingWithin } from './receiving-within.js'

it('a snapshot is received where there is room for it, and all else of the storage is as it was', () => {
  let durableIndex = 1
  const storage = {
    receiveSnapshot: ({ bytes }: { readonly bytes: number }) => `${bytes} bytes`,
    get durableIndex() {
      return durableIndex
    },
  }
  const bounded = receivingWithin(storage, (bytes) => bytes <= 100)
  expect(bounded.receiveSnapshot({ bytes: 100 })).toBe('100 bytes')
  expect(() => bounded.receiveSnapshot({ bytes: 101 })).toThrow('no room')
  durableIndex = 2
  expect(bounded.durableIndex).toBe(2)
})
