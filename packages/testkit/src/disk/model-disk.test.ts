/** What the model says is durable, of traces as strace writes them. */

import { describe, expect, it } from 'vitest'
import { ModelDisk } from './model-disk.js'
import { TraceReader } from './system-call.js'

const hex = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`

const opened = (thread: number, name: string, descriptor: number): string =>
  `${thread} openat(AT_FDCWD, ${hex(`/root/${name}`)}, O_RDWR|O_CREAT, 0600) = ${descriptor}`
const openedElsewhere = (thread: number, descriptor: number): string =>
  `${thread} openat(AT_FDCWD, ${hex('/etc/hosts')}, O_RDONLY) = ${descriptor}`
const ABCD = `${hex('abcd')}, 4, 0`

/** One program after the other. */
function replayed(...programs: readonly (readonly string[])[]): ModelDisk {
  const disk = new ModelDisk('/root')
  for (const lines of programs) {
    const reader = new TraceReader()
    // Line by line: what a call returned is not known before its line has come.
    for (const line of lines) for (const event of reader.read(line)) disk.on(event)
    disk.endProgram()
  }
  return disk
}

function durable(disk: ModelDisk, name: string): string | undefined {
  const file = disk.root.entries.get(name)
  return file?.kind === 'file' ? file.durable.toString() : undefined
}

describe('an fsync', () => {
  it('makes durable what had been written when it began', () => {
    const write = `1 pwrite64(5, ${ABCD}) = 4`
    expect(durable(replayed([opened(1, 'a', 5), write]), 'a')).toBe('')
    expect(durable(replayed([opened(1, 'a', 5), write, '1 fsync(5) = 0']), 'a')).toBe('abcd')
    const begun = [opened(1, 'a', 5), '1 fsync(5 <unfinished ...>', `2 pwrite64(5, ${ABCD}) = 4`]
    expect(durable(replayed([...begun, '1 <... fsync resumed>) = 0']), 'a')).toBe('')
  })

  it('covers a write that the end of the program before has cut off, and is none if it was', () => {
    const cutOff = [opened(1, 'a', 5), `1 pwrite64(5, ${ABCD} <unfinished ...>`]
    const synced = [opened(9, 'a', 4), '9 fsync(4) = 0']
    expect(durable(replayed(cutOff, synced), 'a')).toBe('abcd')
    expect(durable(replayed([opened(1, 'a', 5), `1 pwrite64(5, ${ABCD}) = ?`], synced), 'a')).toBe(
      'abcd',
    )
    const cutOffSync = [opened(1, 'a', 5), `1 pwrite64(5, ${ABCD}) = 4`, '1 fsync(5) = ?']
    expect(durable(replayed(cutOffSync), 'a')).toBe('')
  })
})

describe('a short write', () => {
  it('is refused, in one line or in two', () => {
    const whole = [opened(1, 'a', 5), `1 pwrite64(5, ${ABCD}) = 2`]
    expect(() => replayed(whole)).toThrow('a short write')
    const begun = [opened(1, 'a', 5), `1 pwrite64(5, ${ABCD} <unfinished ...>`]
    expect(() => replayed([...begun, '1 <... pwrite64 resumed>) = 2'])).toThrow('a short write')
    expect(() => replayed([...begun, '1 <... pwrite64 resumed>) = 4'])).not.toThrow()
  })
})

describe('a descriptor', () => {
  it('that was given anew before its close returned is the other file’s', () => {
    const closing = [opened(1, 'a', 5), '1 close(5 <unfinished ...>', opened(2, 'b', 5)]
    const written = [`2 pwrite64(5, ${ABCD}) = 4`, '2 fsync(5) = 0']
    const disk = replayed([...closing, '1 <... close resumed>) = 0', ...written])
    expect(durable(disk, 'b')).toBe('abcd')
  })

  it('that is closed is of no file, whoever gets it next', () => {
    const written = [`1 pwrite64(5, ${ABCD}) = 4`, '1 fsync(5) = 0']
    const closed = replayed([opened(1, 'a', 5), '1 close(5) = 0', ...written])
    expect(durable(closed, 'a')).toBe('')
    const next = [opened(1, 'a', 5), '1 close(5) = 0', openedElsewhere(1, 5), ...written]
    expect(durable(replayed(next), 'a')).toBe('')
  })
})

describe('what the model does not know', () => {
  it('is refused of files of ours, and of no others', () => {
    const copy = '1 copy_file_range(7, NULL, 5, NULL, 4, 0) = 4'
    for (const unknown of [
      '1 dup(5) = 6',
      '1 dup2(7, 5) = 5',
      copy,
      '1 sendfile(5, 7, NULL, 4) = 4',
    ]) {
      expect(() => replayed([opened(1, 'a', 5), unknown]), unknown).toThrow('does not know')
      expect(() => replayed([openedElsewhere(1, 5), unknown]), unknown).not.toThrow()
    }
  })
})
