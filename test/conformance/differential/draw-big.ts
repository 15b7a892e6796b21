/** Changes of so many bytes that a watch is told of them in parts, if it asks for that. */

import type { NamedChance } from '@holdfast/testkit'
import { ask } from './draw.js'
import { base64 } from './draw-kv.js'
import type { Step } from './step.js'

const KEYS = ['big0', 'big1', 'big2', 'big3']

export function drawBig(chance: NamedChance, id: string): readonly Step[] {
  const range = { key: base64('big'), range_end: base64('bih') }
  const create_request = { ...range, prev_kv: true, fragment: chance.happens(0.8) }
  const over = chance.pick(['http', 'websocket'] as const)
  const puts = (letter: string): Step =>
    ask('/v3/kv/txn', {
      success: KEYS.slice(chance.below(2)).map((key) => ({
        request_put: { key: base64(key), value: `$big:${letter}` },
      })),
    })
  return [
    puts('x'),
    { do: 'settle' },
    { do: 'watch', id, over },
    { do: 'say', id, body: JSON.stringify({ create_request }) },
    { do: 'settle' },
    puts('y'),
    { do: 'settle' },
    ask('/v3/kv/put', { key: base64('big4'), value: '$big:z' }),
    puts('z'),
    { do: 'settle' },
    ask('/v3/kv/deleterange', range),
    { do: 'settle' },
    { do: 'leave', id },
  ]
}
