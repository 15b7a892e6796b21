import { describe, expect, it } from 'vitest'
import { parseMetrics } from './metrics.js'

describe('parseMetrics', () => {
  it('reads plain numbers, and neither comments nor what has labels', () => {
    const text = [
      '# HELP etcd_server_is_leader Whether this member leads.',
      '# TYPE etcd_server_is_leader gauge',
      'etcd_server_is_leader 1',
      'etcd_mvcc_db_total_size_in_bytes 2.5e+06',
      'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 12',
      'etcd_disk_wal_fsync_duration_seconds_count 40',
      '',
    ].join('\n')
    expect([...parseMetrics(text)]).toEqual([
      ['etcd_server_is_leader', 1],
      ['etcd_mvcc_db_total_size_in_bytes', 2_500_000],
      ['etcd_disk_wal_fsync_duration_seconds_count', 40],
    ])
  })
})
