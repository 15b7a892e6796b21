/**
 * Random logs, applied to the state machine and to the model: every outcome, every event, every
 * read of every revision that can still be read, and the leases must be the same. A second machine,
 * which gets the log in other batches and sweeps at other times, must have the same hash.
 */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openStateStore } from '../storage/sqlite-state-store.js'
import type { Command } from './command.js'
import { Model } from './model.test-support.js'
import type { Compare, Operation } from './operation.js'
import { Refusal, type RevisionEvents } from './outcome.js'
import type { AppliedProposal, CommittedProposal, StateMachine } from './state-machine.js'
import { createStateMachine } from './store-state-machine.js'
import {
  compareLease,
  compareNumber,
  compareValue,
  deleteRange,
  kv,
  normalized,
  put,
  range,
  selector,
  text,
  txn,
} from './state-machine.test-support.js'

const LEASES = ['1', '2', '9223372036854775807']

/** Few keys and few values, so that operations meet. */
const key = fc.constantFrom('a', 'b', 'ba', 'c', '\0', '\xff')
const end = fc.constantFrom('', '', 'b', 'c', '\0', '\xff', 'a')
const value = fc.constantFrom('', 'x', 'y')
const lease = fc.constantFrom('0', '0', ...LEASES)
const number = fc.integer({ min: 0, max: 8 })
/** Distances from the present revision, so that most lie where something can be read. */
const back = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -2, max: 12 }))

type At<Thing> = (revision: number) => Thing

const putAt: fc.Arbitrary<At<Operation>> = fc
  .record({
    key,
    value,
    lease,
    prevKv: fc.boolean(),
    ignore: fc.constantFrom('', '', '', 'value', 'lease'),
  })
  .map(({ ignore, ...fields }) => () => {
    const [ignoreValue, ignoreLease] = [ignore === 'value', ignore === 'lease']
    return put(fields.key, ignoreValue ? '' : fields.value, {
      lease: ignoreLease ? '0' : fields.lease,
      prevKv: fields.prevKv,
      ignoreValue,
      ignoreLease,
    })
  })

const deleteAt: fc.Arbitrary<At<Operation>> = fc
  .tuple(key, end, fc.boolean())
  .map((all) => () => deleteRange(...all))

const rangeAt: fc.Arbitrary<At<Operation>> = fc
  .tuple(
    key,
    end,
    back,
    fc.record({
      limit: fc.constantFrom(0, 0, 1, 2),
      keysOnly: fc.boolean(),
      countOnly: fc.boolean(),
      sort: fc.constantFrom('none', 'ascend', 'descend'),
      sortTarget: fc.constantFrom('key', 'version', 'create', 'mod', 'value'),
      minModRevision: fc.constantFrom(0, 0, 3),
      maxCreateRevision: fc.constantFrom(0, 0, 5),
    }),
  )
  .map(([from, to, behind, { sort, sortTarget, ...more }]) => (revision) => {
    // A target without an order sorts only what the limit lets through: range.test.ts covers it.
    const sorting = sort === 'none' ? {} : ({ sortOrder: sort, sortTarget } as const)
    return range(from, to, {
      ...more,
      ...sorting,
      revision: behind === 0 ? 0 : Math.max(0, revision - behind),
    })
  })

const result = fc.constantFrom('equal', 'notEqual', 'greater', 'less')
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc
    .tuple(key, end, fc.constantFrom('version', 'create', 'mod'), number, result)
    .map(([from, to, target, operand, by]) => ({
      ...compareNumber(from, target, operand, by),
      ...selector(from, to),
    })),
  fc.tuple(key, end, value, result).map(([from, to, operand, by]) => ({
    ...compareValue(from, operand, by),
    ...selector(from, to),
  })),
  fc.tuple(key, lease, result).map((all) => compareLease(...all)),
)

const operationAt = fc.letrec<{ any: At<Operation>; txn: At<Operation> }>((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, putAt, putAt, deleteAt, rangeAt, tie('txn')),
  txn: fc
    .tuple(
      fc.array(compare, { maxLength: 2 }),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.array(tie('any'), { maxLength: 4 }),
    )
    .map(([compares, success, failure]) => (revision) => {
      const at = (operations: At<Operation>[]) => withoutClashes(operations, revision)
      return txn(compares, at(success), at(failure))
    }),
})).any

/** The edge refuses a key that is put twice in a transaction, or deleted by it before. */
function withoutClashes(operations: readonly At<Operation>[], revision: number): Operation[] {
  const touched = new Set<string>()
  return operations
    .map((operation) => operation(revision))
    .filter((operation) => {
      const keys = changedKeys(operation)
      const clashes = keys.some((name) => touched.has(name))
      for (const name of keys) touched.add(name)
      return !clashes
    })
}

function changedKeys(operation: Operation): string[] {
  switch (operation.type) {
    case 'put':
      return [text(operation.key)]
    case 'range':
      return []
    case 'deleteRange':
      // Whatever the interval: nothing else may change what it could hold.
      return ['a', 'b', 'ba', 'c', '\0', '\xff']
    case 'txn':
      return [...operation.success, ...operation.failure].flatMap(changedKeys)
  }
}

const leaseId = fc.constantFrom(...LEASES)
const compactAt: fc.Arbitrary<At<Command>> = back.map((behind) => (revision) => ({
  type: 'compact',
  revision: revision - behind,
}))
const leaseCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: leaseId.map((id): Command => ({ type: 'leaseGrant', id, ttlSeconds: 5 })),
  },
  leaseId.map((id): Command => ({ type: 'leaseRevoke', id })),
  fc
    .tuple(leaseId, fc.constantFrom(1, 1, 2), fc.nat(6))
    .map(([id, term, grantedIndex]): Command => ({ type: 'leaseExpire', id, term, grantedIndex })),
)
const checkpoint: fc.Arbitrary<Command> = fc
  .tuple(
    fc.constantFrom(1, 1, 1, 2),
    fc.array(
      fc.record({
        id: leaseId,
        grantedIndex: fc.nat(6),
        remainingSeconds: fc.constantFrom(0, 1, 3),
      }),
      { maxLength: 3 },
    ),
  )
  .map(([term, checkpoints]): Command => ({ type: 'leaseCheckpoint', term, checkpoints }))
const alarm: fc.Arbitrary<Command> = fc
  .record({
    action: fc.constantFrom('raise', 'disarm', 'disarm', 'disarm'),
    memberId: fc.constantFrom('1', '2'),
    type: fc.constantFrom('NOSPACE', 'CORRUPT', 'NONE'),
  })
  .map(({ action, ...raised }): Command => ({ type: 'alarm', action, alarm: raised }))
const commandAt: fc.Arbitrary<At<Command>> = fc.oneof(
  {
    weight: 8,
    arbitrary: operationAt.map(
      (operation): At<Command> =>
        (revision) =>
          kv(operation(revision)),
    ),
  },
  { weight: 1, arbitrary: compactAt },
  {
    weight: 4,
    arbitrary: fc.oneof({ weight: 6, arbitrary: leaseCommand }, checkpoint, alarm).map(
      (command): At<Command> =>
        () =>
          command,
    ),
  },
)

const TERM = 1
const RUNS = 40
/** Some seconds, unless the machine is busy with other things. */
const TIMEOUT_MS = 60_000

function newMachine(): StateMachine {
  return createStateMachine(openStateStore({ path: ':memory:', clusterId: '1' }))
}

function entry(index: number, command: Command): CommittedProposal {
  const proposal = { origin: 'model', sequence: index, requestId: undefined, command }
  return { index, term: TERM, proposal }
}

function namesOf({ events }: RevisionEvents): string[] {
  return events.map(({ type, kv: changed }) => `${type} ${text(changed.key)}`)
}

function expectSameReads(machine: StateMachine, model: Model): void {
  for (let revision = model.revision; revision >= Math.max(1, model.compactRevision); revision--) {
    const all = range('\0', '\0', { revision })
    expect(normalized(machine.range(all))).toEqual(normalized(model.range(all)))
  }
  const compacted = model.compactRevision - 1
  if (compacted > 0) {
    const read = () => machine.range(range('a', '', { revision: compacted }))
    expect(read).toThrow(Refusal)
  }
  expect(new Set(machine.alarms())).toEqual(new Set(model.alarms))
  expect(new Map(machine.leases().map((lease) => [lease.id, lease]))).toEqual(model.leases)
  const from = Math.max(2, model.compactRevision)
  for (const revisionEvents of machine.history(from, 1000)) {
    expect(namesOf(revisionEvents)).toEqual(model.events.get(revisionEvents.revision))
  }
}

/** Of several reasons to refuse a transaction, which one is named is tested in txn.test.ts. */
function expectSameOutcome({ proposal, outcome }: AppliedProposal, expected: unknown): void {
  const { command } = proposal
  const isTxn = command.type === 'kv' && command.operation.type === 'txn'
  if (isTxn && !outcome.ok) expect(typeof expected).toBe('string')
  else
    expect(normalized(outcome.ok ? outcome.result : outcome.reason)).toEqual(normalized(expected))
}

it(
  'does what the model does, and what another member does',
  () => {
    const log = fc.array(fc.tuple(commandAt, fc.boolean()), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(log, fc.integer({ min: 2, max: 6 }), (steps, batchSize) => {
        const model = new Model()
        const machine = newMachine()
        const entries: CommittedProposal[] = []
        for (const [index, [command, looks]] of steps.entries()) {
          const next = entry(index + 1, command(model.revision))
          entries.push(next)
          const { proposals, revisions } = machine.apply([next])
          const expected = model.apply(next.proposal!.command, next)
          expectSameOutcome(proposals[0]!, expected)
          expect(machine.revision).toBe(model.revision)
          expect(revisions.map(namesOf)).toEqual(
            revisions.map(({ revision }) => model.events.get(revision)),
          )
          if (!looks) continue
          machine.removeCompacted(3)
          expectSameReads(machine, model)
        }
        while (machine.removeCompacted(2)) expectSameReads(machine, model)
        expectSameReads(machine, model)

        const other = newMachine()
        for (let at = 0; at < entries.length; at += batchSize) {
          other.apply(entries.slice(at, at + batchSize))
        }
        expect(other.hash()).toEqual(machine.hash())
      }),
      { numRuns: RUNS },
    )
  },
  TIMEOUT_MS,
)

it(
  'gives previous versions as the revision before showed them',
  () => {
    const log = fc.array(commandAt, { minLength: 1, maxLength: 25 })
    fc.assert(
      fc.property(log, (steps) => {
        const machine = newMachine()
        for (const [index, command] of steps.entries()) {
          machine.apply([entry(index + 1, command(machine.revision))])
        }
        const from = Math.max(2, machine.compactRevision)
        const check = (): void => {
          for (const { revision, events } of machine.history(from, 1000)) {
            if (revision - 1 < machine.compactRevision) continue
            for (const event of events) {
              const before = machine.range(
                range(text(event.kv.key), '', { revision: revision - 1 }),
              )
              expect(machine.previous(event)).toEqual(before.kvs[0])
            }
          }
        }
        check()
        while (machine.removeCompacted(2));
        check()
      }),
      { numRuns: RUNS / 2 },
    )
  },
  TIMEOUT_MS,
)
