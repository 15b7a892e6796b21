/** Leases whose time is no matter here: long, or gone by request. */

import type { NamedChance } from '@holdfast/testkit'
import { ask } from './draw.js'
import type { Step } from './step.js'

/** More than one message is one answer each, up to the first that cannot be read. */
function drawKeepAlives(chance: NamedChance): string {
  const one = (): string => `{"ID":${chance.happens(0.1) ? '404' : chance.pick(LEASES)}}`
  const more = Array.from({ length: chance.below(3) }, one)
  return [one(), ...more].join(chance.pick(['', '\n', ' ']))
}

/** One of them is beyond what a JSON number holds. */
export const LEASES = ['101', '102', '103', '7587862072907233033']

export function drawLease(chance: NamedChance): Step {
  const ID = chance.happens(0.1) ? '404' : chance.pick(LEASES)
  switch (
    chance.pick(['grant', 'grant', 'grant', 'revoke', 'keepalive', 'ttl', 'ttl', 'leases', 'odd'])
  ) {
    case 'grant':
      return ask('/v3/lease/grant', {
        ...(chance.happens(0.1) ? {} : { ID: chance.pick(LEASES) }),
        TTL: chance.pick(['600', '1000', 700]),
      })
    case 'revoke':
      return ask(chance.pick(['/v3/lease/revoke', '/v3/kv/lease/revoke']), { ID })
    case 'keepalive':
      return { do: 'ask', path: '/v3/lease/keepalive', body: drawKeepAlives(chance) }
    case 'ttl':
      return ask(chance.pick(['/v3/lease/timetolive', '/v3/kv/lease/timetolive']), {
        ID,
        keys: chance.happens(0.7),
      })
    case 'leases':
      return ask(
        chance.pick(['/v3/lease/leases', '/v3/kv/lease/leases', '/v3beta/lease/leases']),
        {},
      )
    default:
      return ask('/v3/lease/grant', { ID: '404', TTL: chance.pick(['9000000001', '99999999999']) })
  }
}
