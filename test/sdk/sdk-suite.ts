/** What the SDK promises, on whatever cluster it talks to: the same tests for etcd and for ours. */

import type { ProcessCluster } from '@holdfast/testkit'
import { afterAll, beforeAll, describe } from 'vitest'
import { clusterTests } from './cluster-tests.js'
import { electionTests } from './election-tests.js'
import { failoverTests } from './failover-tests.js'
import { kvTests } from './kv-tests.js'
import { leasesTests } from './leases-tests.js'
import { lockTests } from './lock-tests.js'
import { queueTests } from './queue-tests.js'
import { createBench, type SdkTarget } from './sdk-target.js'
import { watchTests } from './watch-tests.js'

export function sdkSuite(target: SdkTarget): void {
  describe(`the SDK on ${target.name}`, () => {
    let cluster: ProcessCluster
    beforeAll(async () => {
      cluster = await target.start()
    })
    afterAll(() => cluster.close())

    const bench = createBench(() => cluster)
    describe('kv', () => kvTests(bench))
    describe('watch', () => watchTests(bench))
    describe('leases', () => leasesTests(bench))
    describe('cluster', () => clusterTests(bench))
    describe('lock', () => lockTests(bench))
    describe('election', () => electionTests(bench))
    describe('queue', () => queueTests(bench))
    // Last, because they kill members.
    describe('failover', () => failoverTests(bench, target))
  })
}
