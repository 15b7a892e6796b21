/** The peer: three members of etcd with its defaults, which fsync every batch before it commits. */

import { etcdCommand } from '@holdfast/testkit'
import { startThree, type Contestant } from './contestant.js'
import { missingProgram } from './installed.js'

export const etcd: Contestant = {
  id: 'etcd',
  name: 'etcd x3',
  hasMetrics: true,
  missing: () => missingProgram('etcd'),
  start: () => startThree(etcdCommand),
}
