import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runChildCommand, type ChildCommand, type ChildResult } from './child-command.js'
import { eventually, FakeIo } from './fake-io.test-support.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-child-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let files = 0
const freshFile = (): string => join(directory, `file-${files++}`)
const contentOf = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined

function runShell(
  script: string,
  options: Partial<ChildCommand> & { readonly args?: readonly string[] } = {},
): { readonly io: FakeIo; readonly result: Promise<ChildResult> } {
  const io = new FakeIo()
  const result = runChildCommand({
    io,
    command: ['/bin/sh', '-c', script, 'sh', ...(options.args ?? [])],
    env: {},
    lost: new AbortController().signal,
    killAfterMs: 5_000,
    ...options,
  })
  return { io, result }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process that nobody has reaped yet is dead all the same.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('the end of the command', () => {
  test.each([
    ['exit 0', 0],
    ['exit 7', 7],
    ['exit 255', 255],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
  ])('of `%s` is status %i', async (script, exit) => {
    await expect(runShell(script).result).resolves.toEqual({ type: 'ended', exit })
  })

  test('is 127 when the command is not found', async () => {
    const { result } = runShell('', { command: ['holdfast-no-such-command'] })
    await expect(result).resolves.toMatchObject({ type: 'notStarted', exit: 127 })
  })

  test('is 126 when the command cannot be executed', async () => {
    const file = freshFile()
    writeFileSync(file, 'not a program', { mode: 0o644 })
    const { result } = runShell('', { command: [file] })
    await expect(result).resolves.toMatchObject({ type: 'notStarted', exit: 126 })
  })
})

test('the command sees what it is given in its environment, and ours', async () => {
  const file = freshFile()
  const { result } = runShell('echo "$HOLDFAST_FENCING_TOKEN" "${PATH:+path}" > "$1"', {
    env: { HOLDFAST_FENCING_TOKEN: '42' },
    args: [file],
  })
  await result
  expect(contentOf(file)).toBe('42 path')
})

describe('a signal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s is passed on to all processes of the command, whose end is awaited',
    async (signal) => {
      const [ready, heard] = [freshFile(), freshFile()]
      const name = signal.slice(3)
      const inner = `trap 'echo inner >> "$2"; exit 0' ${name}; echo ready > "$1"; while :; do sleep 0.02; done`
      const script = `exec 2> /dev/null; trap 'echo outer >> "$2"; exit 9' ${name}; (${inner})`
      const { io, result } = runShell(script, { args: [ready, heard] })
      await eventually(() => contentOf(ready))
      io.signal(signal)
      await expect(result).resolves.toEqual({ type: 'ended', exit: 9 })
      expect(contentOf(heard)?.split('\n')).toEqual(['inner', 'outer'])
      expect(io.listens).toBe(false)
    },
  )

  test('that the command ignores does not end it', async () => {
    const [ready, go] = [freshFile(), freshFile()]
    const script = `trap '' TERM; echo ready > "$1"; while [ ! -e "$2" ]; do sleep 0.02; done; exit 4`
    const { io, result } = runShell(script, { args: [ready, go] })
    await eventually(() => contentOf(ready))
    io.signal('SIGTERM')
    writeFileSync(go, 'go')
    await expect(result).resolves.toEqual({ type: 'ended', exit: 4 })
  })
})

describe('a loss', () => {
  test('before the start starts nothing', async () => {
    const file = freshFile()
    const lost = AbortSignal.abort()
    const { result } = runShell('echo ran > "$1"', { lost, args: [file] })
    await expect(result).resolves.toEqual({ type: 'stoppedByLoss' })
    expect(existsSync(file)).toBe(false)
  })

  test('stops the command and all that it started', async () => {
    const [pids, last] = [freshFile(), freshFile()]
    const lost = new AbortController()
    const script = `sleep 60 & echo $$ $! > "$1"; trap 'echo tidy > "$2"; exit 0' TERM; wait`
    const { result } = runShell(script, { lost: lost.signal, args: [pids, last] })
    const ids = (await eventually(() => contentOf(pids))).split(' ').map(Number)
    lost.abort()
    await expect(result).resolves.toEqual({ type: 'stoppedByLoss' })
    expect(ids.map(isAlive)).toEqual([false, false])
    expect(contentOf(last)).toBe('tidy')
  })

  test('kills, after a while, what does not stop', async () => {
    const pids = freshFile()
    const lost = new AbortController()
    // The first process ends at SIGTERM; the second must not be forgotten for that.
    const script = `(trap '' TERM; while :; do sleep 0.02; done) & echo $$ $! > "$1"; wait`
    const { result } = runShell(script, { lost: lost.signal, killAfterMs: 300, args: [pids] })
    const ids = (await eventually(() => contentOf(pids))).split(' ').map(Number)
    const start = performance.now()
    lost.abort()
    await result
    expect(performance.now() - start).toBeGreaterThanOrEqual(300)
    expect(ids.map(isAlive)).toEqual([false, false])
  })

  test('kills a command that stands still', async () => {
    const pids = freshFile()
    const lost = new AbortController()
    const { result } = runShell('echo $$ > "$1"; kill -STOP $$', {
      lost: lost.signal,
      args: [pids],
    })
    const pid = Number(await eventually(() => contentOf(pids)))
    await eventually(() => /^State:\s*T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
    const start = performance.now()
    lost.abort()
    await result
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(isAlive(pid)).toBe(false)
  })
})
