/** A file that has its name only when it holds a snapshot, whoever else writes one there. */

import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeSnapshot } from './snapshot-writer.js'

let directory: string
const inDirectory = (name: string): string => join(directory, name)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-writer-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function sealed(text: string): Buffer {
  const copy = Buffer.from(text)
  return Buffer.concat([copy, createHash('sha256').update(copy).digest()])
}

async function* piecesOf(text: string, after: Promise<void> = Promise.resolve()) {
  const whole = sealed(text)
  yield whole.subarray(0, 10)
  await after
  yield whole.subarray(10)
}

test('two that are written to one file at a time leave the last of them, whole', async () => {
  let goOn = (): void => undefined
  const held = new Promise<void>((resolve) => (goOn = resolve))
  const path = inDirectory('same')
  const slow = writeSnapshot(piecesOf('the longer one of the two', held), path)
  const quick = await writeSnapshot(piecesOf('the quick one'), path)
  expect(readFileSync(path)).toEqual(sealed('the quick one'))
  expect(quick.bytes).toBe(readFileSync(path).length)
  goOn()
  await slow
  expect(readFileSync(path)).toEqual(sealed('the longer one of the two'))
  expect(readdirSync(directory)).toEqual(['same'])
})

test('one that fails leaves what was there before, and nothing else', async () => {
  const path = inDirectory('kept')
  writeFileSync(path, 'the one of yesterday')
  async function* cut() {
    yield* await Promise.resolve([sealed('damaged').fill(0, 0, 1)])
  }
  await expect(writeSnapshot(cut(), path)).rejects.toThrow('damaged on its way')
  expect(readFileSync(path, 'utf8')).toBe('the one of yesterday')
  expect(readdirSync(directory)).toEqual(['kept'])
})

test.each([
  ['a device', '/dev/null'],
  ['a directory', 'directory'],
])('%s is not replaced, and nothing is asked for', async (_what, name) => {
  mkdirSync(inDirectory('directory'))
  // As a link, so that a program that replaces it replaces no device.
  const path = name.startsWith('/') ? inDirectory('link') : inDirectory(name)
  if (name.startsWith('/')) symlinkSync(name, path)
  let isAsked = false
  async function* asked() {
    isAsked = true
    yield* piecesOf('anything')
  }
  await expect(writeSnapshot(asked(), path)).rejects.toMatchObject({
    name: 'StartError',
    message: `${path} is no file: a snapshot is not written over it`,
  })
  expect(isAsked).toBe(false)
  expect(statSync(path).isFile()).toBe(false)
})

test('a link stays one, and what it leads to is replaced', async () => {
  mkdirSync(inDirectory('elsewhere'))
  writeFileSync(inDirectory('elsewhere/real'), 'old')
  symlinkSync('elsewhere/real', inDirectory('link'))
  await writeSnapshot(piecesOf('linked'), inDirectory('link'))
  expect(readlinkSync(inDirectory('link'))).toBe('elsewhere/real')
  expect(readFileSync(inDirectory('elsewhere/real'))).toEqual(sealed('linked'))
})

test('where none can be made is told with the name that was given', async () => {
  const path = inDirectory('missing/one')
  await expect(writeSnapshot(piecesOf('one'), path)).rejects.toThrow(
    `${path} cannot be written: ${inDirectory('missing')} is not there, or not writable`,
  )
})
