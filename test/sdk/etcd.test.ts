import { spawnSync } from 'node:child_process'
import { etcdCommand, startProcessCluster } from '@holdfast/testkit'
import { describe } from 'vitest'
import { sdkSuite } from './sdk-suite.js'

const installed = spawnSync('etcd', ['--version']).status === 0

describe.skipIf(!installed)('with etcd installed', () => {
  sdkSuite({
    name: 'a real etcd of three members',
    requestIds: false,
    start: () => startProcessCluster({ memberCommand: etcdCommand }),
  })
})
