/** A server of etcd's JSON API to send the same requests to: a real etcd, or ours. */

import { mkdtempSync, rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCoordinator } from '@holdfast/coordinator'
import { etcdCommand, startProcessCluster } from '@holdfast/testkit'

export interface WireTarget {
  readonly url: string
  close(): Promise<void>
}

export function etcdIsInstalled(): boolean {
  return spawnSync('etcd', ['--version']).status === 0
}

export async function startEtcd(): Promise<WireTarget> {
  const cluster = await startProcessCluster({ size: 1, memberCommand: etcdCommand })
  return { url: cluster.endpoints[0]!, close: () => cluster.close() }
}

export async function startOurs(): Promise<WireTarget> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'holdfast-wire-'))
  const coordinator = await startCoordinator({ dataDirectory, clientUrl: 'http://127.0.0.1:0' })
  return {
    url: coordinator.clientUrl,
    close: async () => {
      await coordinator.close()
      rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}
