/** What operators ask: alarms, hashes, the list of members, and whether all is well. */

import type { NamedChance } from '@holdfast/testkit'
import { ask } from './draw.js'
import { drawKv } from './draw-kv.js'
import { drawLease } from './draw-lease.js'
import type { Step } from './step.js'

const FEW = 4
const KINDS = [
  ...['hashkv', 'hashkv', 'alarm', 'alarms'],
  ...['list', 'health', 'defragment', 'transfer', 'status', 'hash', 'member', 'member'],
  'version',
]

/** Changes of members that cannot be. */
const REFUSED: readonly Step[] = [
  ask('/v3/cluster/member/add', { peerURLs: [] }),
  ask('/v3/cluster/member/add', { peerURLs: ['ftp://127.0.0.1:1'], isLearner: true }),
  ask('/v3/cluster/member/add', { peerURLs: ['http://127.0.0.1'] }),
  ask('/v3/cluster/member/remove', { ID: '5' }),
  ask('/v3/cluster/member/update', { ID: '5', peerURLs: ['http://127.0.0.1:1'] }),
  ask('/v3/cluster/member/promote', { ID: '5' }),
  ask('/v3/cluster/member/promote', { ID: '$member' }),
]

export function drawMaintenance(chance: NamedChance): readonly Step[] {
  const kind = chance.pick(KINDS)
  switch (kind) {
    case 'hashkv':
      return [
        { do: 'hash', revision: chance.pick(['0', '$now', '$now-2', '$now-10', '$compacted+1']) },
      ]
    case 'alarm':
      return whileAlarmed(chance)
    case 'alarms':
      return [
        ask('/v3/maintenance/alarm', { action: 'GET', alarm: chance.pick([0, 'NOSPACE', 2]) }),
      ]
    case 'status':
    case 'hash':
      return [ask(`/v3/maintenance/${kind}`, {})]
    case 'member':
      return [chance.pick(REFUSED)]
    case 'version':
      return [{ do: 'get', path: '/version' }]
    case 'list':
      return [ask('/v3/cluster/member/list', {})]
    case 'health':
      return [{ do: 'get', path: chance.pick(['/health', '/health?exclude=NOSPACE']) }]
    case 'defragment':
      return [ask('/v3/maintenance/defragment', {})]
    default:
      return [ask('/v3/maintenance/transfer-leadership', { targetID: '5' })]
  }
}

/** The alarm is taken back before anything else that has to wait. */
function whileAlarmed(chance: NamedChance): readonly Step[] {
  const alarm = chance.pick(['NOSPACE', 'NOSPACE', 'CORRUPT'])
  const change = (action: string): Step =>
    ask('/v3/maintenance/alarm', { action, memberID: '$member', alarm })
  const meanwhile = Array.from({ length: chance.below(FEW + 1) }, (): Step =>
    chance.happens(0.7) ? drawKv(chance) : drawLease(chance),
  )
  return [
    change('ACTIVATE'),
    ...(chance.happens(0.2) ? [change('ACTIVATE')] : []),
    { do: 'get', path: '/health' },
    ...meanwhile,
    change('DEACTIVATE'),
    ...(chance.happens(0.2) ? [change('DEACTIVATE')] : []),
  ]
}
