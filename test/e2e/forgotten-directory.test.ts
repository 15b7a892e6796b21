/**
 * A real member that comes back without its data directory, or with an old copy of it, when nobody is
 * there to be asked, as after a power cut with a volume that was not mounted (catalogue 34; thesis
 * §3.8). The next one that starts was away when the last writes were acknowledged: if it took the vote
 * of the first, the two would be a majority that knows nothing of them.
 */

import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { serveCommand, startProcessCluster } from '@holdfast/testkit'
import type { MemberProcess, ProcessCluster } from '@holdfast/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { contentOf, settledContents } from './member-content.js'
import { metric } from './member-metric.js'
import { startPutLoad } from './put-load.js'

const PATIENCE = { timeout: 20_000, interval: 50 }

interface Stopped {
  readonly cluster: ProcessCluster
  readonly acknowledged: ReadonlySet<string>
  /** Has none of what was acknowledged last. */
  readonly away: MemberProcess
  /** The two that have acknowledged it. */
  readonly holder: MemberProcess
  readonly other: MemberProcess
  /** The holder's. */
  readonly directory: string
  readonly directoryOfAway: string
}

/** A start begins a generation when the last one is published, and is known of when its own is. */
async function isPublished(
  to: MemberProcess,
  member: MemberProcess,
  generation: number,
): Promise<void> {
  const name = `holdfast_directory_generation{member="${member.name}"}`
  await vi.waitFor(async () => expect(await metric(to, name)).toBe(generation), PATIENCE)
}

/** All are down. `prepare` is run while all are up. */
async function stopped(
  prepare: (running: Pick<Stopped, 'away' | 'holder' | 'directory'>) => Promise<void> = () =>
    Promise.resolve(),
): Promise<Stopped> {
  const directories = new Map<string, string>()
  const serve = serveCommand(import.meta.url)
  const cluster = await startProcessCluster({
    memberCommand: (spec) => {
      directories.set(spec.name, spec.dataDirectory)
      return serve(spec)
    },
  })
  onTestFinished(() => cluster.close())
  const [away, holder, other] = cluster.members as [MemberProcess, MemberProcess, MemberProcess]
  const directory = directories.get(holder.name)!
  await prepare({ away, holder, directory })
  const before = startPutLoad(cluster.endpoints)
  onTestFinished(() => before.stop())
  await before.more(20)
  await before.stop()
  await settledContents(cluster.endpoints)
  await away.kill()
  const load = startPutLoad([holder.clientUrl, other.clientUrl])
  onTestFinished(() => load.stop())
  await load.more(100)
  await load.stop()
  await Promise.all([holder.kill(), other.kill()])
  const directoryOfAway = directories.get(away.name)!
  const { acknowledged } = load
  return { cluster, acknowledged, away, holder, other, directory, directoryOfAway }
}

/** Nobody answers it. */
async function startAlone(member: MemberProcess): Promise<void> {
  member.start()
  await vi.waitFor(() => contentOf(member.clientUrl), PATIENCE)
}

/** What the holder says when it ends by itself, as it must while the other one waits. */
async function endOf({ cluster, away, holder }: Stopped, start: () => void): Promise<string> {
  const before = holder.output().length
  start()
  const ended = holder.ended().then(() => `${holder.name} ends`)
  const served = cluster.healthy(away).then(() => `${away.name} serves`)
  served.catch(() => undefined)
  expect(await Promise.race([ended, served])).toBe(`${holder.name} ends`)
  expect(holder.exits.at(-1)?.code).toBeGreaterThan(0)
  const lines = holder.output().slice(before).split('\n')
  const [line = '', ...more] = lines.filter((one) => /^holdfast: .*no longer be trusted/.test(one))
  expect(more).toEqual([])
  return line
}

async function requireNothingLost({ cluster, acknowledged, away, other }: Stopped): Promise<void> {
  other.start()
  await Promise.all([away, other].map((member) => cluster.healthy(member)))
  for (const { keys } of await settledContents([away.clientUrl, other.clientUrl])) {
    const lost = [...acknowledged].filter(
      (key) => !keys.includes(`"${Buffer.from(key).toString('base64')}"`),
    )
    expect(lost).toEqual([])
  }
}

describe('a member that nobody can warn at its start', () => {
  it('and whose directory is empty is refused by who knew it, and nothing is lost', async () => {
    const all = await stopped()
    const { holder, away, directory } = all
    rmSync(directory, { recursive: true })
    await startAlone(holder)
    const said = await endOf(all, () => away.start())
    expect(said).toMatch(/: it had run on another data directory; .*`holdfast member remove \d+`/)
    // As a supervisor does.
    expect(await endOf(all, () => holder.start())).toBe(said)
    await requireNothingLost(all)
  })

  it('is known by what the other has in its log, when a power loss has left nothing of its state', async () => {
    const all = await stopped()
    const { holder, away, directory, directoryOfAway } = all
    for (const file of ['state.db', 'state.db-wal', 'state.db-shm', 'state.sums']) {
      rmSync(join(directoryOfAway, file), { force: true })
    }
    rmSync(directory, { recursive: true })
    await startAlone(holder)
    expect(await endOf(all, () => away.start())).toMatch(/: it had run on another data directory; /)
    await requireNothingLost(all)
  })

  it('and whose directory is a copy from before its last start is refused just so, however often it starts', async () => {
    let copy = ''
    const all = await stopped(async ({ away, holder, directory }) => {
      await isPublished(away, holder, 1)
      await holder.stop()
      copy = `${directory}.old`
      cpSync(directory, copy, { recursive: true })
      holder.start()
      await isPublished(away, holder, 2)
    })
    const { holder, away, directory } = all
    rmSync(directory, { recursive: true })
    cpSync(copy, directory, { recursive: true })
    for (let starts = 0; starts < 3; starts += 1) {
      await startAlone(holder)
      await holder.kill()
    }
    await startAlone(holder)
    const said = await endOf(all, () => away.start())
    expect(said).toMatch(/had been started again since this copy .*`holdfast member remove \d+`/)
    expect(await endOf(all, () => holder.start())).toBe(said)
    await requireNothingLost(all)
  })

  it('is let in with the directory that it had, however often it is killed', async () => {
    const all = await stopped()
    const { cluster, holder, away } = all
    for (let starts = 0; starts < 3; starts += 1) {
      await startAlone(holder)
      await holder.kill()
    }
    away.start()
    for (let starts = 0; starts < 3; starts += 1) {
      holder.start()
      await cluster.healthy(away)
      await holder.kill()
    }
    holder.start()
    await requireNothingLost(all)
    expect(cluster.members.every(({ running }) => running)).toBe(true)
  })
})
