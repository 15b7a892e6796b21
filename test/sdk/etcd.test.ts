import { spawnSync } from 'node:child_process'
import { startProcessCluster, type MemberCommand } from '@holdfast/testkit'
import { describe } from 'vitest'
import { sdkSuite } from './sdk-suite.js'

const installed = spawnSync('etcd', ['--version']).status === 0

const etcdCommand: MemberCommand = (spec) => ({
  command: 'etcd',
  args: [
    ...['--name', spec.name, '--data-dir', spec.dataDirectory],
    ...['--listen-client-urls', spec.clientUrl, '--advertise-client-urls', spec.clientUrl],
    ...['--listen-peer-urls', spec.peerUrl, '--initial-advertise-peer-urls', spec.peerUrl],
    '--initial-cluster',
    Object.entries(spec.initialCluster)
      .map(([name, url]) => `${name}=${url}`)
      .join(),
  ],
})

describe.skipIf(!installed)('with etcd installed', () => {
  sdkSuite({
    name: 'a real etcd of three members',
    requestIds: false,
    start: () => startProcessCluster({ memberCommand: etcdCommand }),
  })
})
