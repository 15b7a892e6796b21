/** The inputs of a run: the seed and an input's number decide what it is, so any can be drawn again. */

import { NamedChance } from '@holdfast/testkit'
import { drawHttpInput } from './draw-http.js'
import { drawJsonInput } from './draw-request.js'
import { drawStreamInput } from './draw-stream.js'
import { drawWebSocketInput } from './draw-websocket.js'
import type { Input, InputKind } from './input.js'

/** Out of a hundred. Bodies are most of it, as they share connections and so cost least. */
const WEIGHTS: Readonly<Record<InputKind, number>> = { json: 80, http: 9, stream: 5, websocket: 6 }

const DRAW: Readonly<Record<InputKind, (chance: NamedChance, at: number) => Input>> = {
  json: drawJsonInput,
  http: drawHttpInput,
  stream: drawStreamInput,
  websocket: drawWebSocketInput,
}

export interface DrawOptions {
  readonly seed: number
  readonly kinds: readonly InputKind[]
}

/** What an input's number makes of it. */
export function inputDrawer({ seed, kinds }: DrawOptions): (at: number) => Input {
  const lottery = kinds.flatMap((kind) => Array<InputKind>(WEIGHTS[kind]).fill(kind))
  return (at) => {
    const chance = new NamedChance(`fuzz/${seed}/${at}`)
    return DRAW[chance.pick(lottery)](chance, at)
  }
}
