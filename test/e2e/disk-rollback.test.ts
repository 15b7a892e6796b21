/**
 * A real member whose disk has gone back in time (catalogue 34; thesis §3.8): it does not take part,
 * says how to replace it, and by the commands that it names comes back as a learner and is promoted.
 */

import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { serveCommand, startProcessCluster } from '@holdfast/testkit'
import type { MemberProcess, ProcessCluster } from '@holdfast/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { settledContents } from './member-content.js'
import { startPutLoad, type PutLoad } from './put-load.js'

const PATIENCE = { timeout: 20_000, interval: 100 }
const WAL_HEADER_BYTES = 32
const FRAME_BYTES = 24 + 4096

const cli = join(
  dirname(createRequire(import.meta.url).resolve('holdfast/package.json')),
  'dist/main.js',
)
interface Running {
  readonly cluster: ProcessCluster
  readonly load: PutLoad
  readonly follower: MemberProcess
  readonly directory: string
  /** As an operator would, at the other members. */
  readonly holdfast: (...args: readonly string[]) => Promise<string>
}

async function start(): Promise<Running> {
  const directories = new Map<string, string>()
  const serve = serveCommand(import.meta.url)
  const cluster = await startProcessCluster({
    memberCommand: (spec) => {
      directories.set(spec.name, spec.dataDirectory)
      return serve(spec)
    },
  })
  onTestFinished(() => cluster.close())
  const leader = await cluster.leader()
  const follower = cluster.members.find((member) => member !== leader)!
  const others = cluster.members.filter((member) => member !== follower)
  const endpoints = others.map(({ clientUrl }) => clientUrl)
  const load = startPutLoad(endpoints)
  onTestFinished(() => load.stop())
  await load.more(100)
  return {
    ...{ cluster, load, follower, directory: directories.get(follower.name)! },
    holdfast: async (...args) => {
      const global = ['--endpoints', endpoints.join()]
      const { stdout } = await promisify(execFile)(process.execPath, [cli, ...global, ...args])
      return stdout
    },
  }
}

/** What it says at last, when it has ended by itself. */
async function refusalOf(member: MemberProcess): Promise<string> {
  const before = member.output().length
  member.start()
  await member.ended()
  expect(member.exits.at(-1)?.code).toBeGreaterThan(0)
  const lines = member.output().slice(before).trim().split('\n')
  return lines.findLast((line) => line.startsWith('holdfast: ')) ?? ''
}

/** Follows the message. */
async function replace({ cluster, holdfast, load, follower }: Running, said: string) {
  const [, id = ''] = /`holdfast member remove (\d+)`/.exec(said) ?? []
  await holdfast('member', 'remove', id)
  await cluster.forgetMember(follower)
  let added = ''
  const member = await cluster.addMember(async (peerUrl) => {
    const output = await holdfast('member', 'add', '--learner', peerUrl)
    ;[added = ''] = /\d{5,}/.exec(output) ?? []
  })
  await vi.waitFor(() => holdfast('member', 'promote', added), PATIENCE)
  await cluster.healthy(member)
  await load.more(100)
  await load.stop()
  const [first, ...others] = await settledContents(cluster.endpoints)
  expect(others).toHaveLength(2)
  for (const other of others) expect(other).toEqual(first)
  const lost = [...load.acknowledged].filter(
    (key) => !first!.keys.includes(`"${Buffer.from(key).toString('base64')}"`),
  )
  expect(lost).toEqual([])
}

/** SQLite takes the first frame that is not valid for the end of the WAL. */
function damageFrameInTheMiddle(wal: string): void {
  const bytes = readFileSync(wal)
  const frames = Math.floor((bytes.length - WAL_HEADER_BYTES) / FRAME_BYTES)
  const at = WAL_HEADER_BYTES + Math.floor(frames / 2) * FRAME_BYTES + 1_000
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(wal, bytes)
}

describe('a member', () => {
  it('with a damaged frame in the WAL of its log is refused by itself', async () => {
    const running = await start()
    const { follower, directory } = running
    await follower.kill()
    damageFrameInTheMiddle(join(directory, 'raft.db-wal'))
    // The state has applied what the log has lost; without it, only the superblock knows.
    for (const file of ['state.db', 'state.db-wal', 'state.db-shm']) {
      rmSync(join(directory, file), { force: true })
    }
    const said = await refusalOf(follower)
    expect(said).toMatch(/has lost its newest data: .* log (held entry \d+, but ends at|knows)/)
    await replace(running, said)
  })

  it('whose whole directory is an old copy is refused by each that knows better', async () => {
    const running = await start()
    const { follower, directory, load, cluster } = running
    await follower.stop()
    const copy = `${directory}.old`
    cpSync(directory, copy, { recursive: true })
    follower.start()
    await cluster.healthy(follower)
    await load.more(100)
    const leader = await cluster.leader()
    const third = cluster.members.find((member) => member !== leader && member !== follower)!
    await follower.kill()
    rmSync(directory, { recursive: true })
    cpSync(copy, directory, { recursive: true })
    third.pause()
    expect(await refusalOf(follower)).toMatch(
      /is older than what others know: it had acknowledged entry \d+, and started with \d+/,
    )
    third.resume()
    leader.pause()
    const said = await refusalOf(follower)
    expect(said).toMatch(
      /is older than what others know: its data directory had been started again since this copy/,
    )
    leader.resume()
    await replace(running, said)
  })

  it('that is killed again and again while it lags is never refused', async () => {
    const { follower, cluster, load } = await start()
    for (let round = 0; round < 4; round += 1) {
      await follower.kill()
      await load.more(50)
      follower.start()
      if (round % 2 === 0) await cluster.healthy(follower)
    }
    await cluster.healthy(follower)
    expect(follower.output()).not.toContain('older than what others know')
    expect(follower.exits.every(({ signal }) => signal === 'SIGKILL')).toBe(true)
  })
})
