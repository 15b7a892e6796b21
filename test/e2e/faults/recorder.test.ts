import { expect, it } from 'vitest'
import { Recorder } from './recorder.js'
import { PROBE_KEY } from './probe-key.js'

function put(key: string, startMs: number, endMs: number): Parameters<Recorder['add']>[0] {
  const outcome = { type: 'unknown', error: 'timeout' } as const
  return {
    process: 'a',
    kind: 'kv',
    startMs,
    endMs,
    input: { type: 'put', key, value: 'x' },
    outcome,
  }
}

it('counts what clients had under way within a time, and not what asks whether it is possible', () => {
  const recorder = new Recorder()
  recorder.add(put('a', 0, 99))
  recorder.add(put('b', 50, 100))
  recorder.add(put('c', 150, 300))
  recorder.add(put('d', 201, 300))
  recorder.add(put(PROBE_KEY, 100, 200))
  expect(recorder.during(100, 200)).toBe(2)
  expect(recorder.during(99.5, 99.9)).toBe(1)
  expect(recorder.during(110, 120)).toBe(0)
})
