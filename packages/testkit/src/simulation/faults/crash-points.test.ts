import type { Status } from '@holdfast/raft'
import { describe, expect, it } from 'vitest'
import type { SimulatedMember } from '../simulated-member.js'
import { CrashPoints, type CrashPoint } from './crash-points.js'

/** Those of which a member died, or was struck. */
function struck(kind: 'process' | undefined, point: CrashPoint, roles: readonly Status['role'][]) {
  const points = new CrashPoints()
  const seen = { crashes: 0, strikes: 0 }
  const member = { isRunning: true, crash: () => (seen.crashes += 1) } as unknown as SimulatedMember
  const onHit = (): void => void (seen.strikes += 1)
  points.arm({ member, points: [point], ...(kind && { kind }), onHit })
  for (const role of roles) points.onStatus(member, { role } as Status)
  return { ...seen, hits: points.hits.get(point) ?? 0 }
}

describe('a member', () => {
  it('that has never led does not step down', () => {
    expect(struck('process', 'when it steps down', ['follower', 'candidate', 'follower'])).toEqual({
      ...{ crashes: 0, strikes: 0, hits: 0 },
    })
    expect(struck('process', 'when it steps down', ['leader', 'follower'])).toEqual({
      ...{ crashes: 1, strikes: 1, hits: 1 },
    })
  })

  it('that is struck and lives on is not counted among the dead', () => {
    expect(struck(undefined, 'when it becomes leader', ['leader'])).toEqual({
      ...{ crashes: 0, strikes: 1, hits: 0 },
    })
  })
})
