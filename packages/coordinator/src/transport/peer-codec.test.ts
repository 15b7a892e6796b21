/** What members say to each other arrives as it was said, or not at all (catalogue 49 and 54). */

import type { Message } from '@holdfast/raft'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { decodeMessages, encodeMessages } from './peer-codec.js'
import { anyMessage, raftMessages, STREAM } from './peer-message.test-support.js'

const heartbeat = {
  type: 'heartbeat',
  ...STREAM,
  term: 1,
  commitIndex: 1,
  readPosition: 1,
} as const

describe('a frame of messages', () => {
  it.each([...raftMessages])('brings %s as it was', (_type, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (sent) => {
        expect(decodeMessages(encodeMessages([sent]), STREAM)).toEqual([sent])
      }),
    )
  })

  it('brings any mixture of messages, questions and replies, in order', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 20 }), (sent) => {
        expect(decodeMessages(encodeMessages(sent), STREAM)).toEqual(sent)
      }),
      { numRuns: 300 },
    )
  })

  it('is not changed by the frames that are encoded after it', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyMessage, { maxLength: 5 }), { maxLength: 10 }), (frames) => {
        const payloads = frames.map((messages) => encodeMessages(messages))
        expect(payloads.map((payload) => decodeMessages(payload, STREAM))).toEqual(frames)
      }),
    )
  })

  it('takes plain byte arrays as well as buffers', () => {
    const commands = [Uint8Array.of(1, 2, 3), new Uint8Array(0)]
    const sent: Message = { type: 'forwardProposal', ...STREAM, term: 1, ref: 2, commands }
    const [received] = decodeMessages(encodeMessages([sent]), STREAM)
    expect(received).toEqual({ ...sent, commands: [Buffer.of(1, 2, 3), Buffer.of()] })
  })
})

describe('a frame that must not be believed', () => {
  it.each([
    ['from another sender', { ...heartbeat, from: '3' }],
    ['to another receiver', { ...heartbeat, to: '3' }],
  ])('holds a message %s than the stream was opened for', (_what, foreign) => {
    expect(() => decodeMessages(encodeMessages([heartbeat, foreign]), STREAM)).toThrow(/foreign/)
  })

  it.each([
    ['no array', { ...heartbeat }],
    ['nothing of a message', [null]],
    ['a message without a type', [{ from: STREAM.from, to: STREAM.to }]],
    ['a message of a type that is not spoken here', [{ ...heartbeat, type: 'installSnapshot' }]],
    ['a message whose type is a property of every object', [{ ...heartbeat, type: 'toString' }]],
  ])('holds %s', (_what, content) => {
    const payload = new Packr({ useRecords: true }).pack(content)
    expect(() => decodeMessages(payload, STREAM)).toThrow(TypeError)
  })

  it('is empty, cut off, or goes on after its end', () => {
    const payload = encodeMessages([heartbeat])
    expect(() => decodeMessages(Buffer.alloc(0), STREAM)).toThrow()
    expect(() => decodeMessages(payload.subarray(0, -1), STREAM)).toThrow()
    expect(() => decodeMessages(Buffer.concat([payload, payload]), STREAM)).toThrow()
  })
})
