/** What /metrics tells, read when it is asked for. */

import { afterEach, expect, it } from 'vitest'
import { createMetrics, type MetricsSources } from './metrics.js'

const status = { leaderId: '2' as string | undefined, role: 'follower', term: 7, commitIndex: 40 }
const sizes = { sizeBytes: 4096, usedBytes: 1024 }
const members = [
  { id: '2', name: 'm2', directory: { directoryId: 'd', generation: 4, generationId: 'g' } },
  { id: '3', name: 'm3' },
]
const position = { appliedIndex: 38, revision: 12, compactRevision: -1 }
const state = { ...position, ...sizes, members: () => members }
const membership = { voters: ['2'], learners: ['3'] }
const sources = {
  node: {
    ...{ status, state, membership, pendingProposals: 3 },
    ...{ applyBacklog: 2, restoreCount: 1, activeVoters: 2 },
  },
  hub: { watcherCount: 5, behindCount: 1 },
  log: { transactions: 9, firstIndex: () => 30 },
  leaderChanges: () => 4,
  memberId: '3',
  quotaBytes: 9_000,
} as unknown as MetricsSources

afterEach(() => {
  Object.assign(status, { leaderId: '2', role: 'follower' })
  Object.assign(state, { revision: 12, compactRevision: -1 })
})

/** The values by name, after each line was found to be one of Prometheus' text format. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const registry = createMetrics(sources)
  const text = await registry.metrics()
  const values = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one !== '')) {
    if (/^# (HELP|TYPE) [a-z_\d]+ .+$/.test(line)) continue
    // What has not been measured yet is not a number.
    const [, name, value] = /^([a-z_\d]+)(?:\{[^}]*\})? (Nan|[-+.e\d]+)$/.exec(line) ?? []
    expect(name, line).toBeDefined()
    values.set(name!, Number(value))
  }
  return values
}

it('tell for each member how often its directory was started, where that is known', async () => {
  const text = await createMetrics(sources).metrics()
  const lines = text.split('\n').filter((line) => line.startsWith('holdfast_directory_generation'))
  expect(lines).toEqual(['holdfast_directory_generation{member="m2"} 4'])
})

it('are under etcd’s names, where it has one', async () => {
  expect(Object.fromEntries(await scrape())).toMatchObject({
    etcd_server_has_leader: 1,
    etcd_server_is_leader: 0,
    etcd_server_leader_changes_seen_total: 4,
    etcd_server_proposals_pending: 3,
    etcd_server_proposals_committed_total: 40,
    etcd_server_proposals_applied_total: 38,
    etcd_debugging_mvcc_current_revision: 12,
    etcd_debugging_mvcc_compact_revision: 0,
    etcd_debugging_mvcc_watcher_total: 5,
    etcd_debugging_mvcc_slow_watcher_total: 1,
    etcd_server_is_learner: 1,
    etcd_mvcc_db_total_size_in_bytes: 4096,
    etcd_mvcc_db_total_size_in_use_in_bytes: 1024,
    etcd_server_quota_backend_bytes: 9000,
    holdfast_raft_term: 7,
    holdfast_apply_backlog_entries: 2,
    holdfast_active_voters: 2,
    holdfast_log_first_index: 30,
    holdfast_log_fsyncs_total: 9,
    holdfast_snapshots_installed_total: 1,
  })
})

it('tell of the process too', async () => {
  const values = await scrape()
  expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  expect(values.has('nodejs_eventloop_lag_seconds')).toBe(true)
})

it('are of the moment, not of an earlier one', async () => {
  const registry = createMetrics(sources)
  await registry.metrics()
  Object.assign(status, { leaderId: undefined, role: 'leader' })
  Object.assign(state, { revision: 13, compactRevision: 11 })
  const text = await registry.metrics()
  expect(text).toMatch(/^etcd_server_has_leader 0$/m)
  expect(text).toMatch(/^etcd_server_is_leader 1$/m)
  expect(text).toMatch(/^etcd_debugging_mvcc_current_revision 13$/m)
  expect(text).toMatch(/^etcd_debugging_mvcc_compact_revision 11$/m)
})

it('of several members in one process do not get in each other’s way', async () => {
  const [one, other] = [createMetrics(sources), createMetrics(sources)]
  expect(await one.metrics()).toContain('holdfast_raft_term 7')
  expect(await other.metrics()).toContain('holdfast_raft_term 7')
  expect(one.contentType).toMatch(/^text\/plain/)
})
