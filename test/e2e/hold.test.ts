import { describe, expect, it } from 'vitest'
import { decodeHold, encodeHold, overlaps, tokenInversions, type Hold } from './hold.js'

function hold(token: number, startNs: number, endNs: number): Hold {
  const times = { startNs: BigInt(startNs), endNs: BigInt(endNs) }
  return { client: 1, token, ...times, lost: false, written: undefined }
}

describe('the checks of the holds', () => {
  it('finds two holds that overlap, also when others lie between them', () => {
    const long = hold(1, 0, 100)
    const inside = hold(2, 10, 20)
    const after = hold(3, 90, 110)
    expect(overlaps([after, long, inside])).toEqual([
      [long, inside],
      [long, after],
    ])
  })

  it('finds nothing where each begins after the one before has ended', () => {
    expect(overlaps([hold(2, 10, 20), hold(1, 0, 10)])).toEqual([])
  })

  it('finds a token that is not above the one before', () => {
    const [first, again, last] = [hold(5, 0, 1), hold(5, 2, 3), hold(4, 4, 5)]
    expect(tokenInversions([last, first, again])).toEqual([
      [first, again],
      [again, last],
    ])
  })

  it('carries a hold as a line of text', () => {
    const original = hold(7, 2 ** 50, 2 ** 51)
    expect(decodeHold(encodeHold(original))).toEqual(original)
  })
})
