/** Watches, over HTTP and over WebSockets, a few at a time. */

import type { NamedChance } from '@holdfast/testkit'
import { maybe, type Json } from './draw.js'
import { drawEnd, drawKey } from './draw-kv.js'
import type { Step } from './step.js'

const MOST_OPEN = 5

interface Open {
  readonly id: string
  readonly over: 'http' | 'websocket'
}

/** Before a cancellation, or a question for the progress, all that was to be told is. */
const SETTLE: Step = { do: 'settle' }

export class WatchDraws {
  readonly #chance: NamedChance
  readonly #open: Open[] = []
  #count = 0

  constructor(chance: NamedChance) {
    this.#chance = chance
  }

  draw(): readonly Step[] {
    const chance = this.#chance
    if (this.#open.length < MOST_OPEN && chance.happens(0.5)) return this.#begin()
    const open = this.#open.length === 0 ? undefined : chance.pick(this.#open)
    if (open === undefined) return this.#begin()
    if (open.over === 'http' || chance.happens(0.2)) return this.#leave(open)
    const more = this.#more()
    return [SETTLE, { do: 'say', id: open.id, body: JSON.stringify(more) }, SETTLE]
  }

  #begin(): readonly Step[] {
    const over = this.#chance.pick(['http', 'websocket'] as const)
    const id = `w${(this.#count += 1)}`
    this.#open.push({ id, over })
    const body = JSON.stringify(this.#create())
    return [{ do: 'watch', id, over }, { do: 'say', id, body }, SETTLE]
  }

  #leave(open: Open): readonly Step[] {
    this.#open.splice(this.#open.indexOf(open), 1)
    return [SETTLE, { do: 'leave', id: open.id }]
  }

  #more(): Json {
    const chance = this.#chance
    const kind = chance.pick(['create', 'create', 'create', 'cancel', 'progress', 'nothing'])
    // As a request that only later versions know, it is ignored.
    if (kind === 'nothing') return chance.pick([{}, { later_request: {} }])
    if (kind === 'create') return this.#create()
    if (kind === 'progress') return { progress_request: {} }
    return { cancel_request: { watch_id: chance.pick(['0', '1', '2', '7', '55']) } }
  }

  #create(): Json {
    const chance = this.#chance
    return {
      create_request: {
        ...maybe(chance, 0.95, 'key', () => drawKey(chance)),
        ...drawEnd(chance),
        ...maybe(chance, 0.5, 'start_revision', () =>
          chance.pick(['$now', '$now-5', '$now-50', '$compacted', '$compacted-1', '1', '$now+3']),
        ),
        ...maybe(chance, 0.4, 'prev_kv', () => true),
        ...maybe(chance, 0.3, 'filters', () =>
          chance.pick([['NOPUT'], ['NODELETE'], ['NOPUT', 'NODELETE'], [0], []]),
        ),
        ...maybe(chance, 0.2, 'watch_id', () => chance.pick(['7', '8', '1'])),
        ...maybe(chance, 0.2, 'progress_notify', () => true),
        ...maybe(chance, 0.2, 'fragment', () => true),
      },
    }
  }
}
