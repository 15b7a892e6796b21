/** Frames: whatever the network does to a stream, a reader gets whole payloads or an error. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameError, frameHeader, FrameReader, MAX_FRAME_BYTES } from './frame.js'

const HEADER_BYTES = 8

function frame(text: string): Buffer {
  const payload = Buffer.from(text)
  return Buffer.concat([frameHeader(payload), payload])
}

function texts(payloads: readonly Buffer[]): string[] {
  return payloads.map((payload) => payload.toString())
}

describe('FrameReader', () => {
  it('reads several frames of one chunk, in order, an empty one among them', () => {
    const chunk = Buffer.concat([frame('one'), frame(''), frame('three')])
    expect(texts(new FrameReader().push(chunk))).toEqual(['one', '', 'three'])
  })

  it('reads frames that are split at any byte', () => {
    const stream = Buffer.concat([frame('one'), frame('two, which is longer'), frame('3')])
    for (let at = 0; at <= stream.byteLength; at++) {
      const reader = new FrameReader()
      const payloads = [...reader.push(stream.subarray(0, at)), ...reader.push(stream.subarray(at))]
      expect(texts(payloads)).toEqual(['one', 'two, which is longer', '3'])
    }
  })

  it('reads a stream that arrives byte by byte, each frame as soon as it is whole', () => {
    const reader = new FrameReader()
    const stream = Buffer.concat([frame('one'), frame('two')])
    const arrivals: [number, string][] = []
    for (let at = 0; at < stream.byteLength; at++) {
      for (const payload of reader.push(stream.subarray(at, at + 1))) {
        arrivals.push([at + 1, payload.toString()])
      }
    }
    expect(arrivals).toEqual([
      [HEADER_BYTES + 3, 'one'],
      [2 * (HEADER_BYTES + 3), 'two'],
    ])
  })

  it('reads any payloads in any chunks', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 })
    const cuts = fc.array(fc.nat(3_000), { maxLength: 20 })
    fc.assert(
      fc.property(payloads, cuts, (sent, at) => {
        const stream = Buffer.concat(sent.flatMap((payload) => [frameHeader(payload), payload]))
        const bounds = [0, ...at.filter((cut) => cut < stream.byteLength), stream.byteLength]
        bounds.sort((a, b) => a - b)
        const reader = new FrameReader()
        const read = bounds.flatMap((start, index) =>
          reader.push(stream.subarray(start, bounds[index + 1] ?? stream.byteLength)),
        )
        expect(read.map((payload) => [...payload])).toEqual(sent.map((payload) => [...payload]))
      }),
    )
  })

  it('refuses a frame with any damaged bit in its payload or checksum (catalogue 54)', () => {
    const intact = frame('a payload')
    for (let bit = 4 * 8; bit < intact.byteLength * 8; bit++) {
      const damaged = Buffer.from(intact)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => new FrameReader().push(damaged)).toThrow(FrameError)
    }
  })

  it('never takes a frame with a damaged length for another one', () => {
    const intact = Buffer.concat([frame('a payload'), frame('and one more')])
    for (let bit = 0; bit < 4 * 8; bit++) {
      const damaged = Buffer.from(intact)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const read = (): string[] => texts(new FrameReader().push(damaged))
      let payloads: string[] = []
      try {
        payloads = read()
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError)
      }
      expect(payloads).toEqual([])
    }
  })

  it('refuses a length that no sender has, before it waits for that much', () => {
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt32BE(MAX_FRAME_BYTES + 1, 0)
    expect(() => new FrameReader().push(header)).toThrow(FrameError)
    header.writeUInt32BE(MAX_FRAME_BYTES, 0)
    expect(new FrameReader().push(header)).toEqual([])
  })
})
