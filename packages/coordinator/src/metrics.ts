/** What can be measured of a member, under etcd's names where etcd has one, read when asked for. */

import { Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { CoordinatorNode } from './node/coordinator-node.js'
import type { WatchHub } from './watch/watch-hub.js'

export interface MetricsSources {
  readonly node: CoordinatorNode
  readonly hub: WatchHub
  readonly leaderChanges: () => number
}

export function createMetrics({ node, hub, leaderChanges }: MetricsSources): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  gauge('etcd_server_has_leader', 'Whether a leader is known.', () =>
    node.status.leaderId === undefined ? 0 : 1,
  )
  gauge('etcd_server_is_leader', 'Whether this member leads.', () =>
    node.status.role === 'leader' ? 1 : 0,
  )
  gauge('etcd_server_leader_changes_seen_total', 'Changes of leader seen.', leaderChanges)
  gauge(
    'etcd_server_proposals_pending',
    'Proposals waiting for their outcome.',
    () => node.pendingProposals,
  )
  gauge(
    'etcd_server_proposals_committed_total',
    'Index of the newest committed entry.',
    () => node.status.commitIndex,
  )
  gauge(
    'etcd_server_proposals_applied_total',
    'Index of the newest applied entry.',
    () => node.state.appliedIndex,
  )
  gauge(
    'etcd_debugging_mvcc_current_revision',
    'The revision of the store.',
    () => node.state.revision,
  )
  gauge('etcd_debugging_mvcc_compact_revision', 'The revision of the last compaction.', () =>
    Math.max(0, node.state.compactRevision),
  )
  gauge('etcd_debugging_mvcc_watcher_total', 'Watchers.', () => hub.watcherCount)
  gauge(
    'etcd_debugging_mvcc_slow_watcher_total',
    'Watchers told from history.',
    () => hub.behindCount,
  )
  gauge(
    'etcd_mvcc_db_total_size_in_bytes',
    'Size of the state on disk.',
    () => node.state.sizeBytes,
  )
  gauge('holdfast_raft_term', 'The current term.', () => node.status.term)
  gauge(
    'holdfast_apply_backlog_entries',
    'Entries committed and not yet applied.',
    () => node.applyBacklog,
  )
  return registry
}
