import { expect, it } from 'vitest'
import { MAX_REMEMBERED_REMOVALS, withoutMember, type PeerBook } from './peer-book.js'

it('who was removed is remembered, the newest thousand of them', () => {
  const urls = new Map([['7', ['http://h:7']]])
  let book: PeerBook = { urls, removed: [] }
  for (let id = 0; id < MAX_REMEMBERED_REMOVALS; id += 1) book = withoutMember(book, `old ${id}`)
  expect(book.removed).toHaveLength(MAX_REMEMBERED_REMOVALS)
  book = withoutMember(book, '7')
  expect(book.urls.size).toBe(0)
  expect(book.removed).toHaveLength(MAX_REMEMBERED_REMOVALS)
  expect([book.removed[0], book.removed.at(-1)]).toEqual(['old 1', '7'])
})
