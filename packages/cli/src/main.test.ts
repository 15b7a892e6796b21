import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, startTarget } from './fake-io.test-support.js'

/** The real process, as built: its streams, its signals and its end. */
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

let target: Awaited<ReturnType<typeof startTarget>>
let directory: string
beforeAll(async () => {
  target = await startTarget()
  directory = mkdtempSync(join(tmpdir(), 'holdfast-main-'))
  writeFileSync(
    join(directory, 'holdfast'),
    `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`,
  )
  chmodSync(join(directory, 'holdfast'), 0o755)
})
afterAll(async () => {
  await target.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

function start(command: readonly string[]): {
  readonly child: ChildProcess
  readonly end: Promise<Ended>
  readonly output: () => string
} {
  const [file = '', ...args] = command
  const path = `${directory}:${process.env['PATH'] ?? ''}`
  const env = { ...process.env, PATH: path, HOLDFAST_ENDPOINTS: target.url }
  const child = spawn(file, args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const end = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, out, err }))
  })
  return { child, end, output: () => out }
}

const holdfast = (...args: string[]): ReturnType<typeof start> => start(['holdfast', ...args])
const shell = (script: string): ReturnType<typeof start> => start(['/bin/sh', '-c', script])

const contentOf = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('serve serves until SIGTERM, and leaves nothing behind', async () => {
  const { child, end, output } = holdfast('serve', '--client-url', 'http://127.0.0.1:0')
  await eventually(() => output().includes('serves clients at') || undefined)
  child.kill('SIGTERM')
  expect(await end).toMatchObject({ code: 0, signal: null, err: '' })
  expect(existsSync(join(directory, 'default.holdfast'))).toBe(true)
})

describe('a lock', () => {
  test('passes SIGTERM on and reports the end of the command', async () => {
    const ready = join(directory, 'ready')
    const script = `trap 'echo bye; exit 9' TERM; echo r > ${ready}; while :; do sleep 0.02; done`
    const { child, end } = holdfast('lock', 'signal', '--', '/bin/sh', '-c', script)
    await eventually(() => contentOf(ready))
    child.kill('SIGTERM')
    expect(await end).toMatchObject({ code: 9, out: 'bye\n' })
  })

  test('takes its command along when it is killed', async () => {
    const pids = join(directory, 'pids')
    const script = `sleep 0.2; echo $$ > ${pids}; while :; do sleep 0.02; done`
    const { child, end } = holdfast('lock', 'killed', '--', '/bin/sh', '-c', script)
    const pid = Number(await eventually(() => contentOf(pids)))
    expect(isAlive(pid)).toBe(true)
    child.kill('SIGKILL')
    await eventually(() => !isAlive(pid) || undefined)
    expect((await end).signal).toBe('SIGKILL')
  })

  test('held without a command does not keep the process from ending in order', async () => {
    const { child, end, output } = holdfast('lock', 'idle')
    await eventually(() => output().includes('idle is locked') || undefined)
    child.kill('SIGINT')
    expect(await end).toMatchObject({ code: 0, err: '' })
  })
})

test('a watch ends quietly when nobody reads it any more', async () => {
  await target.cli('put', 'pipe', '1')
  const { end } = shell('(holdfast watch pipe --rev 1; echo "status $?" >&2) | head -n 1')
  let ended = false
  void end.then(() => (ended = true))
  await eventually(async () => {
    await target.cli('put', 'pipe', '2')
    return ended || undefined
  })
  const { out, err } = await end
  expect(out).toMatch(/pipe\t1\n$/)
  expect(err).toBe('status 0\n')
})

test('large values are printed to the end through a pipe', async () => {
  const value = 'x'.repeat(1_000_000)
  await target.cli('put', 'large', value)
  const { end } = shell('holdfast get large --print-value-only | wc -c')
  expect((await end).out.trim()).toBe('1000001')
})

/**
 * Of every command; those of `serve` take ports that may be in use, and are tested with it. Those
 * that change who belongs to the cluster, or who leads it, name members that are not there.
 */
async function examples(): Promise<readonly string[]> {
  const { out } = await target.cli('--help')
  const names = [...out.matchAll(/^ {2}([a-z-]+)\b/gm)].map(([, name = '']) => name)
  const found: string[] = []
  for (const name of names.filter((one) => !['help', 'serve'].includes(one))) {
    const help = await target.cli(name, '--help')
    found.push(...[...help.out.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line = '']) => line))
  }
  return found.filter((line) => !/member (?!list)|transfer-leadership/.test(line))
}

/** The address in examples, where nobody has to listen while this is tested. */
const elsewhere = 'http://127.0.0.1:2379'

const isEndless = (line: string): boolean => /\bwatch\b|--observe/.test(line)

async function paste(line: string): Promise<void> {
  const here = line.replace(elsewhere, target.url)
  const { child, end } = shell(isEndless(line) ? `exec ${here}` : here)
  if (isEndless(line)) setTimeout(() => child.kill('SIGINT'), 6_000)
  const { code, err } = await end
  // A transaction that was run before, by another example, takes its other branch.
  expect([line, [0, 3].includes(code ?? -1), err]).toEqual([line, true, ''])
}

test('the examples of the help work when pasted', { timeout: 90_000 }, async () => {
  await target.cli('put', 'config/rate', '10')
  const lines = await examples()
  expect(lines.length).toBeGreaterThan(15)
  const streams = lines.filter(isEndless).map(paste)
  for (const line of lines.filter((one) => !isEndless(one))) await paste(line)
  await Promise.all(streams)
})
