/**
 * Everything is lost but a snapshot (catalogue 28, 34): a new cluster of three begins with it, by the
 * commands of the README, and takes in a member that was never restored.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@holdfast/client'
import {
  initialClusterText,
  serveCommand,
  startProcessCluster,
  type MemberSpec,
} from '@holdfast/testkit'
import { expect, it, onTestFinished, vi } from 'vitest'
import { settledContents } from './member-content.js'
import { startPutLoad } from './put-load.js'

const PATIENCE = { timeout: 20_000, interval: 100 }

const cli = join(
  dirname(createRequire(import.meta.url).resolve('holdfast/package.json')),
  'dist/main.js',
)

async function holdfast(...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [cli, ...args])).stdout
}

it('a cluster that was lost begins anew with its snapshot, and never repeats a revision', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'holdfast-saved-')), 'state.snapshot')
  onTestFinished(() => rmSync(dirname(file), { recursive: true }))
  const specs: MemberSpec[] = []
  const serve = serveCommand(import.meta.url)
  const cluster = await startProcessCluster({
    memberCommand: (spec) => {
      specs.push(spec)
      return serve(spec)
    },
  })
  onTestFinished(() => cluster.close())
  const load = startPutLoad(cluster.endpoints)
  await load.more(200)
  const before = new Set(load.acknowledged)
  // Linearizable, so that the first endpoint holds all of that.
  await holdfast('--endpoints', cluster.endpoints[0]!, 'get', 'load/0/0')
  await holdfast('--endpoints', cluster.endpoints[0]!, 'snapshot', 'save', file)
  await load.more(100)
  await load.stop()
  const lastRevision = await revisionAt(cluster.endpoints)

  for (const member of cluster.members) await member.kill()
  for (const spec of specs) {
    rmSync(spec.dataDirectory, { recursive: true })
    await holdfast(
      ...['snapshot', 'restore', file, '--data-dir', spec.dataDirectory, '--name', spec.name],
      ...['--initial-cluster', initialClusterText(spec)],
    )
  }
  for (const member of cluster.members) member.start()
  for (const member of cluster.members) await cluster.healthy(member)
  expect(await revisionAt(cluster.endpoints)).toBeGreaterThan(lastRevision)
  const [first, ...others] = await settledContents(cluster.endpoints)
  for (const other of others) expect(other).toEqual(first)
  const lost = [...before].filter((key) => !first!.keys.includes(inBase64(key)))
  expect(lost).toEqual([])

  const after = startPutLoad(cluster.endpoints)
  onTestFinished(() => after.stop())
  await after.more(100)
  const endpoints = cluster.endpoints.join()
  let id = ''
  const learner = await cluster.addMember(async (peerUrl) => {
    const output = await holdfast('--endpoints', endpoints, 'member', 'add', '--learner', peerUrl)
    ;[id = ''] = /\d{5,}/.exec(output) ?? []
  })
  await vi.waitFor(() => holdfast('--endpoints', endpoints, 'member', 'promote', id), PATIENCE)
  await cluster.healthy(learner)
  await after.stop()
  const contents = await settledContents(cluster.endpoints)
  expect(contents).toHaveLength(4)
  for (const content of contents) expect(content).toEqual(contents[0])
  expect(contents[0]!.keys).toContain(inBase64([...before][0]!))
})

function inBase64(key: string): string {
  return `"${Buffer.from(key).toString('base64')}"`
}

async function revisionAt(endpoints: readonly string[]): Promise<number> {
  const client = connect({ endpoints })
  try {
    return (await client.cluster.status()).revision
  } finally {
    await client.close()
  }
}
