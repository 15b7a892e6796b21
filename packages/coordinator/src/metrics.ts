/** What can be measured of a member, under etcd's names where etcd has one, read when asked for. */

import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { EdgeContext } from './http/edge-context.js'
import type { CoordinatorNode } from './node/coordinator-node.js'
import type { DurableLog } from './storage/open-storage.js'
import type { WatchHub } from './watch/watch-hub.js'

export interface MetricsSources {
  readonly node: CoordinatorNode
  readonly hub: WatchHub
  readonly log: Pick<DurableLog, 'transactions' | 'firstIndex'>
  readonly leaderChanges: () => number
  readonly memberId: string
  /** Infinity for none. */
  readonly quotaBytes: number
}

type Metric = readonly [name: string, help: string, read: () => number]

/** Prometheus' text format, made when asked for. */
export function metricsText(sources: MetricsSources): EdgeContext['metrics'] {
  const metrics = createMetrics(sources)
  return async () => ({ contentType: metrics.contentType, body: await metrics.metrics() })
}

/** Of this member and of the process, which it may share with other members. */
export function createMetrics(sources: MetricsSources): Registry {
  const registry = new Registry()
  for (const [name, help, read] of gauges(sources)) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  for (const [name, help, read] of counters(sources)) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
  addDirectoryGenerations(registry, sources.node)
  return Registry.merge([processMetrics(), registry])
}

/** What this member knows of every other's directory: whose number falls behind came up with an old copy. */
function addDirectoryGenerations(registry: Registry, node: CoordinatorNode): void {
  new Gauge({
    name: 'holdfast_directory_generation',
    help: 'How often the member was started on its data directory, as far as that is published.',
    labelNames: ['member'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { name, directory } of node.state.members()) {
        if (directory !== undefined) this.set({ member: name }, directory.generation)
      }
    },
  })
}

/** Some that end in “total” are gauges in etcd too: they start anew from what the log says. */
function gauges(sources: MetricsSources): readonly Metric[] {
  const { node, hub, log } = sources
  const hasLeader = (): number => (node.status.leaderId === undefined ? 0 : 1)
  const isLeader = (): number => (node.status.role === 'leader' ? 1 : 0)
  const isLearner = (): number => (node.membership.learners.includes(sources.memberId) ? 1 : 0)
  const compactRevision = (): number => Math.max(0, node.state.compactRevision)
  const commitIndex = (): number => node.status.commitIndex
  const appliedIndex = (): number => node.state.appliedIndex
  return [
    ['etcd_server_has_leader', 'Whether a leader is known.', hasLeader],
    ['etcd_server_is_leader', 'Whether this member leads.', isLeader],
    ['etcd_server_is_learner', 'Whether this member has no vote.', isLearner],
    ['etcd_server_proposals_pending', 'Proposals without outcome.', () => node.pendingProposals],
    ['etcd_server_proposals_committed_total', 'Index of the newest committed entry.', commitIndex],
    ['etcd_server_proposals_applied_total', 'Index of the newest applied entry.', appliedIndex],
    ['etcd_debugging_mvcc_current_revision', 'The store’s revision.', () => node.state.revision],
    ['etcd_debugging_mvcc_compact_revision', 'The last compaction’s revision.', compactRevision],
    ['etcd_debugging_mvcc_watcher_total', 'Watchers.', () => hub.watcherCount],
    ['etcd_debugging_mvcc_slow_watcher_total', 'Those told from history.', () => hub.behindCount],
    ...sizes(sources),
    [
      'holdfast_disk_short_of_space',
      'Whether what makes the store grow is refused.',
      () => (node.isShortOfSpace ? 1 : 0),
    ],
    ['holdfast_raft_term', 'The current term.', () => node.status.term],
    ['holdfast_log_first_index', 'The oldest entry of the log.', () => log.firstIndex()],
    [
      'holdfast_active_voters',
      'Heard by this leader of late; 0 elsewhere.',
      () => node.activeVoters,
    ],
    ['holdfast_apply_backlog_entries', 'Committed, not yet applied.', () => node.applyBacklog],
  ]
}

function sizes({ node, quotaBytes }: MetricsSources): readonly Metric[] {
  const { state } = node
  const quota = Number.isFinite(quotaBytes) ? quotaBytes : 0
  return [
    ['etcd_mvcc_db_total_size_in_bytes', 'Size of the state on disk.', () => state.sizeBytes],
    ['etcd_mvcc_db_total_size_in_use_in_bytes', 'What of it is in use.', () => state.usedBytes],
    ['etcd_server_quota_backend_bytes', 'What may be in use; 0: all there is.', () => quota],
  ]
}

function counters({ node, log, leaderChanges }: MetricsSources): readonly Metric[] {
  return [
    ['etcd_server_leader_changes_seen_total', 'Changes of leader seen.', leaderChanges],
    ['holdfast_snapshots_installed_total', 'Taken over from a leader.', () => node.restoreCount],
    [
      'holdfast_log_fsyncs_total',
      'Transactions of the log, one fsync each.',
      () => log.transactions,
    ],
  ]
}

let processRegistry: Registry | undefined

/** One for all members of a process, since what observes it can be started and never stopped. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry()
    collectDefaultMetrics({ register: processRegistry })
  }
  return processRegistry
}
