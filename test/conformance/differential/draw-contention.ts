/** Locks and elections that the servers hold: whoever must wait is begun, and compared when it is done. */

import type { NamedChance } from '@holdfast/testkit'
import { ask } from './draw.js'
import { base64 } from './draw-kv.js'
import { placeKey } from './place-key.js'
import { LOCK_LEASES } from '../lock-leases.js'
import type { Step } from './step.js'

const NAMES = ['lock', 'e\xff']

export class ContentionDraws {
  readonly #chance: NamedChance
  readonly #observing: string[] = []
  #begun = 0
  #observed = 0

  constructor(chance: NamedChance) {
    this.#chance = chance
  }

  draw(): readonly Step[] {
    const chance = this.#chance
    const lease = chance.pick(LOCK_LEASES)
    const name = base64(chance.pick(NAMES))
    const key = placeKey(name, lease)
    const kinds = ['lock', 'lock', 'unlock', 'unlock', 'campaign', 'proclaim', 'resign', 'leader']
    switch (chance.pick([...kinds, 'observe', 'odd'])) {
      case 'observe':
        return this.#observe(name)
      case 'lock':
        return this.#wait('/v3/lock/lock', { name, lease }, key)
      case 'campaign': {
        const value = base64(chance.pick(['v1', 'v2']))
        return this.#wait('/v3/election/campaign', { name, lease, value }, key)
      }
      case 'unlock':
        return [ask('/v3/lock/unlock', { key }), { do: 'settle' }]
      case 'proclaim': {
        const leader = { name, key, lease, rev: `$rev:${this.#recent()}` }
        return [ask('/v3/election/proclaim', { leader, value: base64('said') })]
      }
      case 'resign': {
        const leader = { name, key, lease, rev: `$rev:${this.#recent()}` }
        return [ask('/v3/election/resign', { leader }), { do: 'settle' }]
      }
      case 'leader':
        return [ask('/v3/election/leader', { name })]
      default:
        return [chance.pick(ODD)]
    }
  }

  /** At the very end, because the keys are named by leases that the servers draw. */
  drawnLeases(): readonly Step[] {
    return ['/v3/lock/lock', '/v3/election/campaign'].map((path) =>
      ask(path, { name: base64(`of ${path}`), lease: '0' }),
    )
  }

  #observe(name: string): readonly Step[] {
    const open = this.#observing.shift()
    const id = `o${(this.#observed += 1)}`
    this.#observing.push(id)
    const leave: readonly Step[] = open === undefined ? [] : [{ do: 'leave', id: open }]
    return [...leave, { do: 'observe', id, name }, { do: 'settle' }]
  }

  #wait(path: string, body: object, key: string): readonly Step[] {
    const id = `c${(this.#begun += 1)}`
    const begin: Step = { do: 'begin', id, path, body: JSON.stringify(body) }
    return this.#chance.happens(0.2) ? [begin, { do: 'giveUp', id, key }] : [begin]
  }

  #recent(): string {
    return `c${Math.max(1, this.#begun - this.#chance.below(5))}`
  }
}

/** Those that are refused at once. */
const ODD: readonly Step[] = [
  ask('/v3/election/proclaim', {}),
  ask('/v3/election/resign', {}),
  ask('/v3/election/leader', {}),
  ask('/v3/lock/unlock', {}),
  ask('/v3/lock/lock', { name: base64('other'), lease: '404' }),
  ask('/v3/election/campaign', { name: base64('other'), lease: '404' }),
]
