import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, startTarget } from '../fake-io.test-support.js'

let target: Awaited<ReturnType<typeof startTarget>>
let directory: string
beforeAll(async () => {
  target = await startTarget()
  directory = mkdtempSync(join(tmpdir(), 'holdfast-hold-'))
})
afterAll(async () => {
  await target.close()
  rmSync(directory, { recursive: true, force: true })
})

let files = 0
const freshFile = (): string => join(directory, `file-${files++}`)
const contentOf = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined
const shell = (script: string, ...args: string[]): string[] => [
  '--',
  '/bin/sh',
  '-c',
  script,
  'sh',
  ...args,
]
const keysOf = async (name: string): Promise<string> =>
  (await target.cli('get', `${name}/`, '--prefix', '--keys-only')).out.trim()

const commands = [
  ['lock', 'HOLDFAST_LOCK', 'locked'],
  ['elect', 'HOLDFAST_ELECTION', 'elected'],
] as const

describe.each(commands)('%s', (verb, prefix, event) => {
  const name = (test: string): string => `${verb}-${test}`

  test('runs the command with name, key and token, and exits with its status', async () => {
    const file = freshFile()
    const script = `echo "$${prefix}_NAME $${prefix}_KEY $HOLDFAST_FENCING_TOKEN" >> "$1"; exit 5`
    const first = await target.cli(verb, name('env'), ...shell(script, file))
    const second = await target.cli(verb, name('env'), ...shell(script, file))
    expect(first).toMatchObject({ exit: 5, out: '', err: '' })
    expect(second.exit).toBe(5)
    const lines = (contentOf(file) ?? '').split('\n').map((line) => line.split(' '))
    expect(lines.map(([what]) => what)).toEqual([name('env'), name('env')])
    expect(lines[0]![1]).toMatch(new RegExp(`^${name('env')}/`))
    expect(Number(lines[1]![2])).toBeGreaterThan(Number(lines[0]![2]))
    expect(await keysOf(name('env'))).toBe('')
  })

  test('passes a signal on, and gives up only after the command has ended', async () => {
    const [ready, go] = [freshFile(), freshFile()]
    const script = `trap 'while [ ! -e "$2" ]; do sleep 0.02; done; exit 6' TERM; echo r > "$1"; while :; do sleep 0.02; done`
    const { io, exit } = target.begin(verb, name('signal'), ...shell(script, ready, go))
    await eventually(() => contentOf(ready))
    io.signal('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await keysOf(name('signal'))).not.toBe('')
    writeFileSync(go, 'go')
    await expect(exit).resolves.toBe(6)
    expect(await keysOf(name('signal'))).toBe('')
  })

  test('stops the command when it is lost, and says so', async () => {
    const ready = freshFile()
    const script = 'echo $$ > "$1"; exec sleep 60'
    const { io, exit } = target.begin(verb, name('loss'), '--ttl', '2', ...shell(script, ready))
    const pid = Number(await eventually(() => contentOf(ready)))
    await target.cli('del', `${name('loss')}/`, '--prefix')
    await expect(exit).resolves.toBe(76)
    expect(io.err).toBe(`holdfast: ${name('loss')} is not held any more: its key was deleted\n`)
    expect(() => process.kill(pid, 0)).toThrow()
  })

  test('without a command is held until told to stop', async () => {
    const { io, exit } = target.begin(verb, name('hold'), '--json')
    const line = await eventually(() => io.out || undefined)
    const held = JSON.parse(line) as { key: string; fencingToken: number }
    expect(held).toMatchObject({ event, name: name('hold') })
    expect(await keysOf(name('hold'))).toBe(held.key)
    io.signal('SIGINT')
    await expect(exit).resolves.toBe(0)
    expect(await keysOf(name('hold'))).toBe('')
  })

  test('without a command is lost like any other', async () => {
    const { io, exit } = target.begin(verb, name('idle'), '--ttl', '2')
    await eventually(() => io.out || undefined)
    await target.cli('del', `${name('idle')}/`, '--prefix')
    await expect(exit).resolves.toBe(76)
  })

  test('gives up waiting in time, or when told, and leaves nothing in the queue', async () => {
    const holder = target.begin(verb, name('busy'), '--label', 'first')
    const held = await eventually(() => holder.io.out || undefined)
    const late = await target.cli(
      verb,
      name('busy'),
      '--wait-timeout-ms',
      '100',
      ...shell('exit 0'),
    )
    expect(late.exit).toBe(75)
    expect(late.err).toMatch(/^holdfast: [^\n]*within 100 ms: [^\n]*first[^\n]*\n$/)
    const waiter = target.begin(verb, name('busy'), ...shell('exit 0'))
    await eventually(async () => ((await keysOf(name('busy'))).includes('\n') ? true : undefined))
    waiter.io.signal('SIGTERM')
    await expect(waiter.exit).resolves.toBe(143)
    expect(held).toContain(await keysOf(name('busy')))
    holder.io.signal('SIGTERM')
    await holder.exit
  })

  test('says in time that nobody answers, which is not that another has it', async () => {
    const silent = createServer(() => undefined)
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const endpoint = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const wait = ['--wait-timeout-ms', '1000', '--endpoints', endpoint]
    const begunAt = performance.now()
    const { exit, err } = await target.cli(verb, name('silent'), ...wait, ...shell('exit 0'))
    const tookMs = performance.now() - begunAt
    expect(exit).toBe(69)
    expect(err).toContain('the cluster did not answer within 1000 ms')
    expect(tookMs).toBeGreaterThanOrEqual(1_000)
    expect(tookMs).toBeLessThan(3_000)
    silent.closeAllConnections()
    silent.close()
  })

  test('says that a command does not exist, and gives up', async () => {
    const { exit, err } = await target.cli(verb, name('missing'), '--', 'holdfast-no-such-command')
    expect(exit).toBe(127)
    expect(err).toBe('holdfast: holdfast-no-such-command was not found\n')
    expect(await keysOf(name('missing'))).toBe('')
  })
})

test('lock --try does not wait, and tells who has it', async () => {
  const holder = target.begin('lock', 'tried', '--label', 'by hand')
  await eventually(() => holder.io.out || undefined)
  const { exit, err } = await target.cli('lock', 'tried', '--try', ...shell('exit 0'))
  expect(exit).toBe(75)
  expect(err).toMatch(/^holdfast: tried is not free: held by "by hand", .*process \d+, who asked/)
  holder.io.signal('SIGTERM')
  await holder.exit
  expect(await target.cli('lock', 'tried', '--try', ...shell('exit 0'))).toMatchObject({ exit: 0 })
})

test('the lock goes from one command to the next, never held by two', async () => {
  const file = freshFile()
  const script = 'echo in >> "$1"; sleep 0.1; echo out >> "$1"'
  const runs = Array.from({ length: 4 }, () => target.cli('lock', 'turns', ...shell(script, file)))
  expect((await Promise.all(runs)).map(({ exit }) => exit)).toEqual([0, 0, 0, 0])
  expect(contentOf(file)?.split('\n')).toEqual(
    Array.from({ length: 4 }, () => ['in', 'out']).flat(),
  )
})

test('elect --observe prints who leads and that nobody does', async () => {
  const observer = target.begin('elect', 'seen', '--observe')
  await eventually(() => observer.io.out || undefined)
  const leader = target.begin('elect', 'seen', '--value', 'node-7')
  await eventually(() => (observer.io.out.includes('node-7') ? true : undefined))
  leader.io.signal('SIGTERM')
  await leader.exit
  await eventually(() => (observer.io.out.trim().endsWith('nobody leads') ? true : undefined))
  observer.io.signal('SIGTERM')
  await expect(observer.exit).resolves.toBe(0)
  const lines = observer.io.out.trim().split('\n')
  expect(lines).toEqual([
    'nobody leads',
    expect.stringMatching(/^node-7\t/) as string,
    'nobody leads',
  ])
})
