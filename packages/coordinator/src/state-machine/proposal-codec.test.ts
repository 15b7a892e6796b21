import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command, Proposal } from './command.js'
import type { Operation } from './operation.js'
import { decodeProposal, encodeProposal, ProposalFormatError } from './proposal-codec.js'
import { bytes, compareLease, compareValue, deleteRange } from './state-machine.test-support.js'
import { compareNumber, normalized, put, range, txn } from './state-machine.test-support.js'

const revision = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 32, 2 ** 53 - 1, -1))
const key = fc.uint8Array({ maxLength: 5 }).map((data) => Buffer.from(data).toString('latin1'))
const leaseId = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String)

const operation = fc.letrec<{ any: Operation; txn: Operation }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc
      .record({ key, value: key, lease: leaseId, prevKv: fc.boolean(), ignoreValue: fc.boolean() })
      .map(({ key: name, value, ...more }) => put(name, value, more)),
    fc
      .record({
        limit: fc.nat(),
        revision,
        sortOrder: fc.constantFrom('none', 'ascend', 'descend'),
        sortTarget: fc.constantFrom('key', 'version', 'create', 'mod', 'value'),
        keysOnly: fc.boolean(),
        countOnly: fc.boolean(),
        minModRevision: revision,
        maxModRevision: revision,
        minCreateRevision: revision,
        maxCreateRevision: revision,
      })
      .chain((more) => fc.tuple(key, key).map(([from, to]) => range(from, to, more))),
    fc.tuple(key, key, fc.boolean()).map((all) => deleteRange(...all)),
    tie('txn'),
  ),
  txn: fc
    .tuple(
      fc.array(
        fc.oneof(
          fc
            .tuple(key, fc.constantFrom('version', 'create', 'mod'), revision)
            .map(([name, target, operand]) => compareNumber(name, target, operand, 'greater')),
          fc.tuple(key, key).map(([name, value]) => compareValue(name, value, 'notEqual')),
          fc.tuple(key, leaseId).map(([name, id]) => compareLease(name, id, 'less')),
        ),
        { maxLength: 3 },
      ),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.array(tie('any'), { maxLength: 3 }),
    )
    .map(([compare, success, failure]) => txn(compare, success, failure)),
})).any

const command: fc.Arbitrary<Command> = fc.oneof(
  operation.map((chosen): Command => ({ type: 'kv', operation: chosen })),
  revision.map((at): Command => ({ type: 'compact', revision: at })),
  fc
    .tuple(leaseId, fc.nat())
    .map(([id, ttlSeconds]): Command => ({ type: 'leaseGrant', id, ttlSeconds })),
  leaseId.map((id): Command => ({ type: 'leaseRevoke', id })),
  fc
    .tuple(leaseId, fc.nat(), fc.nat())
    .map(([id, term, grantedIndex]): Command => ({ type: 'leaseExpire', id, term, grantedIndex })),
  fc
    .record(
      {
        ...{ id: leaseId, name: fc.string(), clientUrls: fc.array(fc.string()) },
        directory: fc.record({
          ...{ directoryId: fc.string(), generation: fc.nat(), generationId: fc.string() },
        }),
      },
      { requiredKeys: ['id', 'name', 'clientUrls'] },
    )
    .map((member): Command => ({ type: 'publishMember', member })),
)

const proposal: fc.Arbitrary<Proposal> = fc.record({
  origin: fc.string(),
  sequence: fc.nat(),
  requestId: fc.option(
    fc.record(
      { id: fc.string(), issuedAtRevision: revision, isRepetition: fc.constant(true) },
      { requiredKeys: ['id', 'issuedAtRevision'] },
    ),
    { nil: undefined },
  ),
  command,
})

describe('the format of proposals', () => {
  it('gives back every proposal', () => {
    fc.assert(
      fc.property(proposal, (original) => {
        expect(normalized(decodeProposal(encodeProposal(original)))).toEqual(normalized(original))
      }),
      { numRuns: 300 },
    )
  })

  it('starts with its version and stays as it is: logs in the field hold these bytes', () => {
    const encoded = encodeProposal({
      origin: '1/a',
      sequence: 7,
      requestId: { id: 'r', issuedAtRevision: 3 },
      command: { type: 'kv', operation: put('k', 'v', { lease: '5', prevKv: true }) },
    })
    expect(Buffer.from(encoded).toString('hex')).toMatchInlineSnapshot(
      `"0194a3312f610792a1720392009500c4016bc40176a13501"`,
    )
  })

  it('refuses an unknown version, saying what to do', () => {
    const encoded = encodeProposal({
      origin: '',
      sequence: 1,
      requestId: undefined,
      command: { type: 'compact', revision: 1 },
    })
    encoded[0] = 2
    expect(() => decodeProposal(encoded)).toThrow(ProposalFormatError)
    expect(() => decodeProposal(encoded)).toThrow('format 2, but this program reads only format 1')
  })

  it.each([
    ['nothing', bytes('')],
    ['half a proposal', bytes('\x01\x94\xa1')],
    ['something else', bytes('\x01\x2a')],
  ])('refuses %s', (_, data) => {
    expect(() => decodeProposal(data)).toThrow(ProposalFormatError)
  })
})
