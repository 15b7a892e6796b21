/** The checksums of the pages of the state: what they find, and what is none of their business. */

import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PAGE_BYTES } from './page-size.js'
import { PageSums } from './page-sums.js'
import { flipped, memberWith } from './snapshot.test-support.js'
import { newDirectory, open } from './storage.test-support.js'
import { EMPTY_WAL, readWal } from './wal-pages.js'
import { watchingFiles, type Watched } from './watched-files.test-support.js'
import { wayBack } from './way-back.js'

const NOTHING = Buffer.alloc(0)
const WAY = 'the way back'

function fileOf(...pages: readonly string[]): { path: string; descriptor: number } {
  const path = newDirectory()
  writeFileSync(path, Buffer.concat(pages.map((fill) => Buffer.alloc(PAGE_BYTES, fill))))
  return { path, descriptor: openSync(path, 'r') }
}

it('name the first page that is another one, but for those that may be', () => {
  const { path, descriptor } = fileOf('a', 'b', 'c')
  const sums = PageSums.of(descriptor)
  expect(sums.findDamage(descriptor, EMPTY_WAL)).toBeUndefined()
  const bytes = readFileSync(path)
  bytes[PAGE_BYTES + 17]! ^= 8
  writeFileSync(path, bytes)
  expect(sums.findDamage(descriptor, EMPTY_WAL)).toBe(1)
  expect(sums.findDamage(descriptor, { ...EMPTY_WAL, pages: new Set([1]) })).toBeUndefined()
  closeSync(descriptor)
})

it('follow the pages that were copied, and those that came at the end', () => {
  const { path, descriptor } = fileOf('a', 'b')
  const sums = PageSums.of(descriptor)
  writeFileSync(path, readFileSync(fileOf('a', 'x', 'new').path))
  sums.update(descriptor, new Set([1, 99]))
  expect(sums.findDamage(descriptor, EMPTY_WAL)).toBeUndefined()
  closeSync(descriptor)
})

it('are those of the pages that are left when the file is cut', () => {
  const { path, descriptor } = fileOf('a', 'b', 'c')
  const sums = PageSums.of(descriptor)
  truncateSync(path, PAGE_BYTES)
  expect(sums.findDamage(descriptor, EMPTY_WAL)).toBe(1)
  expect(sums.findDamage(descriptor, { ...EMPTY_WAL, databasePages: 1 })).toBeUndefined()
  sums.update(descriptor, new Set([0, 2]))
  expect(sums.findDamage(descriptor, EMPTY_WAL)).toBeUndefined()
  expect(sums.firstDifference(PageSums.of(descriptor))).toBeUndefined()
  closeSync(descriptor)
})

it('are read as they were saved, and refused when they are damaged themselves', () => {
  const { descriptor } = fileOf('a', 'b')
  const path = newDirectory()
  expect(PageSums.load(path, WAY)).toBeUndefined()
  writeFileSync(path, '')
  PageSums.of(descriptor).save(path)
  expect(PageSums.load(path, WAY)?.findDamage(descriptor, EMPTY_WAL)).toBeUndefined()
  expect(PageSums.load(path, WAY)).toBeDefined()
  const saved = readFileSync(path)
  for (const damaged of [flipped(saved, 3), flipped(saved, 20), saved.subarray(0, 22), NOTHING]) {
    writeFileSync(path, damaged)
    expect(() => PageSums.load(path, WAY)).toThrow(`${path} is damaged: ${WAY}`)
  }
  closeSync(descriptor)
})

it('keep a member from starting when they are damaged: its state may be, too', async () => {
  const directory = newDirectory()
  const path = join(directory, 'state.sums')
  await (await memberWith(20, directory)).close()
  const sound = readFileSync(path)
  for (const damaged of [flipped(sound, sound.length - 9), sound.subarray(1)]) {
    writeFileSync(path, damaged)
    await expect(open(directory)).rejects.toMatchObject({
      code: 'damaged',
      message: `${path} is damaged: ${wayBack(directory, '1')}`,
    })
  }
  writeFileSync(path, sound)
  expect((await open(directory)).state.appliedIndex).toBe(20)
})

it('are saved whole by a system that writes less at a time than it is given', async () => {
  const { descriptor } = fileOf('a', 'b', 'c')
  const path = newDirectory()
  const watch = ({ writeSync }: Watched): Partial<Watched> => ({
    writeSync: (...[to, bytes, offset, length, position]) =>
      writeSync(to, bytes, offset, Math.min(length, 10), position),
  })
  await watchingFiles(watch, () => PageSums.of(descriptor).save(path))
  expect(PageSums.load(path, WAY)?.findDamage(descriptor, EMPTY_WAL)).toBeUndefined()
  expect(PageSums.load(path, WAY)).toBeDefined()
  closeSync(descriptor)
})

it('have nothing to do with a WAL of which a power loss has left zeros', () => {
  const { path, descriptor } = fileOf('\0', '\0', '\0', '\0')
  expect(readWal(path)).toEqual(EMPTY_WAL)
  closeSync(descriptor)
})
