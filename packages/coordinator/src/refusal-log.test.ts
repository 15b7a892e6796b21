import { expect, it } from 'vitest'
import { REPEAT_MS, refusalLog } from './refusal-log.js'

it('says each reason once a minute, however often it is given', () => {
  const lines: unknown[] = []
  let nowMs = 0
  const onRefused = refusalLog({ warn: (line: object) => lines.push(line) }, () => nowMs)
  for (let time = 0; time < 100; time += 1) onRefused('another cluster')
  onRefused('another member')
  expect(lines).toEqual([{ reason: 'another cluster' }, { reason: 'another member' }])
  nowMs = REPEAT_MS
  onRefused('another cluster')
  expect(lines).toHaveLength(3)
})

it('remembers only so many reasons', () => {
  const lines: unknown[] = []
  const onRefused = refusalLog({ warn: (line: object) => lines.push(line) }, () => 0)
  for (let stranger = 0; stranger < 1_000; stranger += 1) onRefused(`from ${stranger}`)
  expect(lines).toHaveLength(1_000)
})
