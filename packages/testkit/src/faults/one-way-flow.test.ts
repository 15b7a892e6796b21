import { Socket } from 'node:net'
import { expect, it, vi } from 'vitest'
import { OneWayFlow, type FlowConditions } from './one-way-flow.js'

it('counts as passed what was written, and not what comes for an end that is gone', () => {
  const [source, sink] = [new Socket(), new Socket()]
  const counters = {
    ...{ passedBytes: 0, heldBytes: 0, delayedBytes: 0 },
    ...{ damagedChunks: 0, resetConnections: 0 },
  }
  const conditions: FlowConditions = { blocked: false, delayMs: 0, damage: 0, counters }
  new OneWayFlow(source, () => sink, conditions)
  const written = vi.spyOn(sink, 'write').mockReturnValue(true)
  source.emit('data', Buffer.from('123'))
  expect([written.mock.calls.length, counters.passedBytes]).toEqual([1, 3])
  sink.destroy()
  source.emit('data', Buffer.from('4567'))
  expect([written.mock.calls.length, counters.passedBytes]).toEqual([1, 3])
})
