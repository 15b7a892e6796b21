import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url))

describe('the demo, told to end', () => {
  let directory: string
  let demo: ChildProcess

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-demo-test-'))
    // Leader of a process group, to which all that it starts belongs.
    demo = spawn(process.execPath, [program], {
      detached: true,
      env: { ...process.env, TMPDIR: directory },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  })
  afterEach(() => {
    if (groupExists()) process.kill(-groupId(), 'SIGKILL')
    rmSync(directory, { recursive: true })
  })

  const groupId = (): number => demo.pid ?? expect.fail('the demo did not start')

  function groupExists(): boolean {
    try {
      return process.kill(-groupId(), 0)
    } catch {
      return false
    }
  }

  /** Resolves with the exit code, once the signal was sent upon the line and all output was read. */
  async function endAt(line: RegExp, send: () => unknown): Promise<number | null> {
    const closed = once(demo, 'close') as Promise<[number | null]>
    let sent = false
    createInterface({ input: demo.stdout ?? expect.fail() }).on('line', (text) => {
      if (sent || !line.test(text)) return
      sent = true
      send()
    })
    const [exitCode] = await closed
    return exitCode
  }

  it.each([
    ['as it starts', 'SIGTERM', /^Three coordinators/, 143],
    ['with workers at work', 'SIGTERM', /holds the lock/, 143],
    ['with workers at work', 'SIGINT', /holds the lock/, 130],
    ['while a killed member is down', 'SIGTERM', /leads now/, 143],
  ] as const)('%s, leaves nothing behind on %s', async (_, name, line, code) => {
    expect(await endAt(line, () => demo.kill(name))).toBe(code)
    expect(groupExists()).toBe(false)
    expect(readdirSync(directory)).toEqual([])
  })

  it('from a terminal, whose SIGINT all of its processes get', async () => {
    const interrupt = (): boolean => process.kill(-groupId(), 'SIGINT')
    expect(await endAt(/holds the lock/, interrupt)).toBe(130)
    expect(groupExists()).toBe(false)
    expect(readdirSync(directory)).toEqual([])
  })
})
