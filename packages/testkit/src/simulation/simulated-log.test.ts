/**
 * The model of the log keeps the contract of the real one: the same writes, the same answers, and the
 * same left after a restart. Were it otherwise, the simulation would test a member that nobody runs.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStorage, type DurableLog, type LogWrite } from '@holdfast/coordinator/parts'
import { encodeMembership, type Entry, type Membership } from '@holdfast/raft'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LogDisk, SimulatedLog } from './simulated-log.js'

const MEMBERSHIP: Membership = { voters: ['1', '2', '3'], learners: [] }

type Step =
  | {
      readonly type: 'append'
      readonly back: number
      readonly count: number
      readonly kind: number
    }
  | { readonly type: 'vote'; readonly terms: number }
  | { readonly type: 'cut'; readonly back: number }
  | { readonly type: 'snapshot'; readonly ahead: number }

const writes: readonly fc.WeightedArbitrary<Step>[] = [
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      back: fc.nat(3),
      count: fc.integer({ min: 1, max: 4 }),
      kind: fc.nat(4),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('vote' as const), terms: fc.nat(2) }) },
]

const all: readonly fc.WeightedArbitrary<Step>[] = [
  ...writes,
  { weight: 2, arbitrary: fc.record({ type: fc.constant('cut' as const), back: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('snapshot' as const), ahead: fc.nat(5) }) },
]

/** What the log is asked for, as the core would: never what breaks its contract. */
class Script {
  readonly #log: DurableLog
  #term = 1
  /** What is committed is never cut off, so nothing below it is overwritten. */
  #floor = 0

  constructor(log: DurableLog) {
    this.#log = log
  }

  run(one: Step): Promise<void> {
    const log = this.#log
    switch (one.type) {
      case 'append': {
        const from = Math.max(this.#floor + 1, log.lastIndex() + 1 - one.back, log.firstIndex())
        if (from <= log.lastIndex()) this.#term += 1
        return this.#write({ hardState: this.#hardState(), entries: this.#entries(from, one) })
      }
      case 'vote':
        this.#term += one.terms
        return this.#write({ hardState: this.#hardState(), entries: [] })
      case 'cut':
        this.#floor = Math.max(this.#floor, log.lastIndex() - one.back)
        log.cut(log.lastIndex() - one.back)
        return Promise.resolve()
      case 'snapshot': {
        const index = log.lastIndex() + 1 + one.ahead
        this.#floor = index
        const snapshot = { index, term: this.#term, membership: MEMBERSHIP }
        return this.#write({ hardState: this.#hardState(), snapshot, entries: [] })
      }
    }
  }

  #write(write: LogWrite): Promise<void> {
    return new Promise((resolve) => this.#log.append(write, resolve))
  }

  #hardState(): NonNullable<LogWrite['hardState']> {
    return { term: this.#term, votedFor: this.#term % 2 === 0 ? '2' : undefined }
  }

  #entries(from: number, { count, kind }: { count: number; kind: number }): readonly Entry[] {
    return Array.from({ length: count }, (_, at): Entry => {
      const place = { index: from + at, term: this.#term }
      if (kind === 0) return { ...place, kind: 'noop', data: new Uint8Array() }
      const membership = { ...MEMBERSHIP, learners: [`${10 + from}`] }
      if (kind === 1) return { ...place, kind: 'membership', data: encodeMembership(membership) }
      return { ...place, kind: 'command', data: Buffer.from(`${this.#term}:${from + at}`) }
    })
  }
}

it('shows what the real log does', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(sequencesOf(all), async (steps) => {
      const seen = await withRealLog((open) => open((log) => play(log, steps)))
      expect(await withModel((open) => open((log) => play(log, steps)))).toEqual(seen)
    }),
    { numRuns: 20 },
  )
})

// What is cut, or replaced by a snapshot, has to be in a state, which these logs have none of.
it('keeps over a restart what the real log does', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(sequencesOf(writes), async (steps) => {
      const runs = async (open: Open): Promise<unknown> => {
        await open((log) => play(log, steps))
        return open((log) => Promise.resolve([shownBy(log), initialStateOf(log)]))
      }
      expect(await withModel(runs)).toEqual(await withRealLog(runs))
    }),
    { numRuns: 20 },
  )
})

function sequencesOf(arbitraries: readonly fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof(...arbitraries), { minLength: 1, maxLength: 25 })
}

/** Opens the log, uses it, and closes it. */
type Open = (use: (log: DurableLog) => Promise<unknown>) => Promise<unknown>

function withModel(runs: (open: Open) => Promise<unknown>): Promise<unknown> {
  const disk = new LogDisk(MEMBERSHIP)
  const transact = (work: () => void): Promise<void> => Promise.resolve().then(work)
  return runs((use) =>
    use(new SimulatedLog({ disk, transact, onWrite: () => undefined, onFatal: fail })),
  )
}

async function withRealLog(runs: (open: Open) => Promise<unknown>): Promise<unknown> {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-log-'))
  const directory = join(parent, 'data')
  const identity = { clusterId: '7', memberId: '1' }
  try {
    return await runs(async (use) => {
      const storage = await openStorage({
        ...{ directory, identity, membership: MEMBERSHIP, onFatal: fail },
      })
      const used = await use(storage.log)
      await storage.close()
      return used
    })
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

function fail(error: Error): never {
  throw error
}

async function play(log: DurableLog, steps: readonly Step[]): Promise<readonly unknown[]> {
  const script = new Script(log)
  const seen: unknown[] = []
  for (const one of steps) {
    const written = script.run(one)
    seen.push(shownBy(log))
    await written
    seen.push(shownBy(log))
  }
  return seen
}

function shownBy(log: DurableLog): object {
  const [first, last] = [log.firstIndex(), log.lastIndex()]
  const terms = Array.from({ length: last - first + 2 }, (_, at) => log.term(first - 1 + at))
  return { first, last, terms, entries: log.entries(first, last + 1, Infinity).map(plain) }
}

function initialStateOf(log: DurableLog): object {
  const { hardState, memberships } = log.initialState()
  const texts = memberships.map(({ index, membership }) => {
    return [index, Buffer.from(encodeMembership(membership)).toString('latin1')]
  })
  return { hardState, memberships: texts }
}

function plain({ data, ...rest }: Entry): unknown {
  return { ...rest, data: Buffer.from(data).toString('latin1') }
}
