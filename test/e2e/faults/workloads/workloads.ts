/** Every workload, by its name. */

import type { Workload } from '../workload.js'
import { elections, locks } from './contenders.js'
import { leasedKeys } from './leased-keys.js'
import { queues } from './queues.js'
import { registers } from './registers.js'
import { transactions } from './transactions.js'
import { watches } from './watches.js'

export const workloads: readonly Workload[] = [
  registers,
  transactions,
  locks,
  elections,
  queues,
  leasedKeys,
  watches,
]
