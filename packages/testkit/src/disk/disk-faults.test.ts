/** The faults of a disk take effect, are counted, and go away: seen by a program that has them. */

import { execFile } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  canCompileDiskFaults,
  compileDiskFaults,
  DiskFaults,
  removeDiskFaults,
  type DiskFaultHits,
} from './disk-faults.js'

/** Prints what became of each step, as JSON. */
const PROGRAM = `
  const fs = require('node:fs')
  const path = process.argv[1] + '/file'
  const tried = (work) => { try { return work() } catch (error) { return error.code } }
  const fd = fs.openSync(path, 'w+')
  const begun = performance.now()
  const fsync = tried(() => fs.fsyncSync(fd))
  const fsyncMs = performance.now() - begun
  const write = tried(() => fs.writeSync(fd, Buffer.alloc(5000), 0, 5000, 0))
  const again = tried(() => fs.writeSync(fd, Buffer.alloc(5000), 0, 5000, 5000))
  const inside = tried(() => fs.writeSync(fd, Buffer.alloc(100), 0, 100, 0))
  const read = tried(() => fs.readSync(fd, Buffer.alloc(10), 0, 10, 0))
  const free = fs.statfsSync(process.argv[1]).bavail
  fs.ftruncateSync(fd, 0)
  const afterCut = tried(() => fs.writeSync(fd, Buffer.alloc(5000), 0, 5000, 0))
  fs.unlinkSync(path)
  console.log(JSON.stringify({ fsync, fsyncMs, write, again, inside, read, free, afterCut }))
`

/** Fills a disk of 8000 bytes again and again, each time with what has just been given back. */
const REFILLING_PROGRAM = `
  const fs = require('node:fs')
  const { join } = require('node:path')
  const [one, other] = ['one', 'other'].map((name) => join(process.argv[1], name))
  const fill = (path, flags, bytes) => {
    const fd = fs.openSync(path, flags)
    let written = 0
    try {
      while (written < bytes) written += fs.writeSync(fd, Buffer.alloc(bytes - written))
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error
    }
    fs.closeSync(fd)
    return written
  }
  const first = [fill(one, 'w', 5000), fill(other, 'w', 5000)]
  fs.renameSync(one, other)
  const afterRename = fill(one, 'w', 5000)
  const afterCut = [fill(one, 'w', 9000), fill(other, 'r+', 5000), fill(other, 'w', 9000)]
  fs.renameSync(one, one)
  const afterNothing = fill(one, 'r+', 5000)
  console.log(JSON.stringify({ first, afterRename, afterCut, afterNothing }))
`

const NONE: DiskFaultHits = {
  slowed: 0,
  failedFsyncs: 0,
  failedWrites: 0,
  failedReads: 0,
  refusedForSpace: 0,
}

interface Outcome {
  readonly fsync?: string
  readonly fsyncMs: number
  readonly write: number | string
  readonly again: number | string
  readonly inside: number | string
  readonly read: number | string
  readonly free: number
  readonly afterCut: number | string
}

describe.skipIf(!canCompileDiskFaults())('a disk', () => {
  let library = ''
  let directory = ''
  let faults: DiskFaults

  beforeAll(async () => {
    library = await compileDiskFaults()
  })
  afterAll(() => removeDiskFaults(library))
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-disk-')))
    faults = new DiskFaults({ library, directory })
  })
  afterEach(() => {
    faults.close()
    rmSync(directory, { recursive: true })
  })

  async function runProgram(program: string, where: string): Promise<unknown> {
    const env = { ...process.env, ...faults.env }
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program, where], { env })
    return JSON.parse(stdout)
  }

  async function run(where = directory): Promise<Outcome> {
    return (await runProgram(PROGRAM, where)) as Outcome
  }

  it('without faults does what it is asked', async () => {
    const sound = { write: 5000, again: 5000, inside: 100, read: 10, afterCut: 5000 }
    expect(await run()).toMatchObject(sound)
    expect(faults.bytesLeft).toBeUndefined()
    expect(faults.hits()).toEqual(NONE)
  })

  it('is slow to fsync', async () => {
    faults.slow(300)
    expect((await run()).fsyncMs).toBeGreaterThanOrEqual(300)
    expect(faults.hits().slowed).toBe(1)
  })

  it('fails once, or for ever', async () => {
    faults.failFsync('once')
    faults.failWrite('once')
    faults.failRead('forever')
    const failed = { fsync: 'EIO', write: 'EIO', again: 5000, read: 'EIO' }
    expect(await run()).toMatchObject(failed)
    expect(await run()).toMatchObject({ write: 5000, read: 'EIO' })
    expect(faults.hits()).toMatchObject({ failedFsyncs: 1, failedWrites: 1, failedReads: 2 })
    faults.heal()
    expect(await run()).toMatchObject({ read: 10 })
  })

  it('is full, but for what is there already and what is given back', async () => {
    faults.full(8_000)
    const full = { write: 5000, again: 3000, inside: 100, free: 0, afterCut: 5000 }
    expect(await run()).toMatchObject(full)
    expect(faults.hits().refusedForSpace).toBeGreaterThan(0)
    expect(faults.bytesLeft).toBe(8_000)
    faults.full(0)
    expect(await run()).toMatchObject({ write: 'ENOSPC' })
  })

  it('is given back what is renamed over, and what is opened to be written anew', async () => {
    faults.full(8_000)
    expect(await runProgram(REFILLING_PROGRAM, directory)).toEqual({
      first: [5000, 3000],
      afterRename: 3000,
      afterCut: [3000, 5000, 5000],
      afterNothing: 3000,
    })
    expect(faults.bytesLeft).toBe(0)
  })

  it('is one of some files only', async () => {
    faults.failWrite('forever')
    faults.only('another')
    expect(await run()).toMatchObject({ write: 5000 })
    faults.only('')
    expect(await run(realpathSync(tmpdir()))).toMatchObject({ write: 5000 })
    expect(await run()).toMatchObject({ write: 'EIO' })
  })
})
