/** Snapshots whose files are no longer what they were: nothing of them is installed, nor sent. */

import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { beginBehind, flipped, memberWith, receive, snapshotOf } from './snapshot.test-support.js'
import { newDirectory, open } from './storage.test-support.js'
import { wayBack } from './way-back.js'

/** Within the cells of a page that holds versions of keys. */
const IN_A_PAGE = 3 * 4096 + 3_000

function flip(path: string, at = IN_A_PAGE): void {
  writeFileSync(path, flipped(readFileSync(path), at))
}

/** As a crash leaves it after the log has begun behind a snapshot. */
async function interrupted(): Promise<string> {
  const sent = await snapshotOf(await memberWith(200))
  const directory = newDirectory()
  const receiver = await memberWith(5, directory)
  await receive(receiver, sent).finish()
  await beginBehind(receiver, sent)
  await receiver.close()
  return directory
}

describe('a snapshot that waits to be installed', () => {
  it.each<[string, (directory: string) => void]>([
    ['a bit of it is another one', (directory) => flip(join(directory, 'received.db'))],
    [
      'its end is missing',
      (directory) => {
        const path = join(directory, 'received.db')
        truncateSync(path, statSync(path).size - 4096)
      },
    ],
    ['its checksums are damaged', (directory) => flip(join(directory, 'received.sums'), 21)],
    ['its checksums are missing', (directory) => rmSync(join(directory, 'received.sums'))],
  ])('is refused by every start when %s, and the way back named', async (_what, damage) => {
    const directory = await interrupted()
    damage(directory)
    const before = readFileSync(join(directory, 'state.db'))
    for (let starts = 1; starts <= 2; starts += 1) {
      await expect(open(directory)).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringContaining(wayBack(directory, '1')) as string,
      })
    }
    expect(readFileSync(join(directory, 'state.db')).equals(before)).toBe(true)
  })

  it('is not installed by a running member either when it is damaged', async () => {
    const sent = await snapshotOf(await memberWith(200))
    const directory = newDirectory()
    const receiver = await memberWith(5, directory)
    await receive(receiver, sent).finish()
    await beginBehind(receiver, sent)
    flip(join(directory, 'received.db'))
    await expect(receiver.installSnapshot()).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('received.db is damaged at page 4') as string,
    })
    expect(receiver.state.appliedIndex).toBe(5)
  })

  it('has checksums from its first moment on', async () => {
    const directory = await interrupted()
    const { appliedIndex } = (await open(directory)).state
    expect(appliedIndex).toBe(200)
    expect(existsSync(join(directory, 'state.sums'))).toBe(true)
    expect(existsSync(join(directory, 'received.sums'))).toBe(false)
  })
})

it('a state that is damaged while the member runs is not sent, and ends the member', async () => {
  const directory = newDirectory()
  await (await memberWith(200, directory)).close()
  const reasons: Error[] = []
  const sender = await open(directory, { onFatal: (error) => void reasons.push(error) })
  const path = join(directory, 'state.db')
  const bytes = flipped(readFileSync(path), IN_A_PAGE)
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, bytes, IN_A_PAGE, 1, IN_A_PAGE)
  const damaged = {
    code: 'damaged',
    message: `${path} is damaged at page 4: ${wayBack(directory, '1')}`,
  }
  await expect(sender.outgoing.take()).rejects.toMatchObject(damaged)
  expect(reasons).toMatchObject([damaged])
  expect(existsSync(join(directory, 'sending.db'))).toBe(false)
  closeSync(descriptor)
})
