/** A bit that flips in what opens a stream, or refuses it, ends no member (catalogue 54). */

import { describe, expect, it } from 'vitest'
import { checksummed, readChecksummed } from './checksummed.js'
import { NEW_DIRECTORY, NEW_START } from './loopback.test-support.js'
import {
  CONFLICT,
  GONE,
  readRefusal,
  readUpgrade,
  refusalHeaders,
  upgradeHeaders,
  WRONG_CLUSTER,
} from './peer-protocol.js'

/** Every text that differs from this one by a bit, as far as it is one that a header may hold. */
function flipped(text: string): readonly string[] {
  return Array.from(text).flatMap((character, at) =>
    [1, 2, 4, 8, 16]
      .map((bit) => String.fromCharCode(character.charCodeAt(0) ^ bit))
      .filter((other) => /[\w:=+/ -]/.test(other))
      .map((other) => text.slice(0, at) + other + text.slice(at + 1)),
  )
}

describe('damage on the way', () => {
  const upgrade = upgradeHeaders({
    ...{ clusterId: '77', from: 'a', to: 'b', channel: 'log', run: 'one' },
    ...{ start: NEW_START, directory: NEW_DIRECTORY },
  })
  const read = (headers: Readonly<Record<string, string>>): ReturnType<typeof readUpgrade> =>
    readUpgrade(headers, {
      ...{ clusterId: '77', memberId: 'b', isPeer: (id) => id === 'a', wasRemoved: () => true },
      ...{ broken: () => 'lost', forgotten: () => 'lost', namesake: () => 'another' },
    })

  it('to what opens a stream is refused as that, and not for good', () => {
    const ours = Object.entries(upgrade).filter(([name]) => name.startsWith('holdfast-'))
    const damaged = ours.flatMap(([name, value]) => [
      ...flipped(value).map((other) => ({ ...upgrade, [name]: other })),
      ...flipped(name).map((other) => ({ ...upgrade, [name]: '', [other]: value })),
    ])
    expect(damaged.length).toBeGreaterThan(200)
    for (const headers of damaged) {
      expect(read(headers)).toEqual({ refusal: 'the headers were damaged on their way' })
    }
    expect(read(upgrade)).toMatchObject({ status: GONE })
  })

  it('to a refusal is no refusal for good', () => {
    const headers = refusalHeaders(CONFLICT, 'it had voted in term 4')
    expect(readRefusal(CONFLICT, headers)).toBe('it had voted in term 4')
    for (const status of [GONE, WRONG_CLUSTER, undefined]) {
      expect(readRefusal(status, headers)).toBeUndefined()
    }
    for (const reason of flipped('it had voted in term 4')) {
      expect(readRefusal(CONFLICT, { ...headers, 'holdfast-refusal': reason })).toBeUndefined()
    }
  })

  it('to a short answer is no answer', () => {
    const answer = checksummed('run-4')
    expect(readChecksummed(answer)).toBe('run-4')
    for (const other of flipped(answer)) expect(readChecksummed(other)).toBeUndefined()
    expect(readChecksummed('')).toBeUndefined()
  })
})
