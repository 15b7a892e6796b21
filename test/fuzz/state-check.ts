/**
 * That a refused request has changed nothing: all that were refused are sent again, and the state is
 * compared. Those that are now accepted, as the state is another one, are left out and the others sent
 * once more. If something has changed though all of them were refused, each half of them is looked at
 * in the same way, down to the one that did it.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { Input } from './input.js'
import { VERY_PATIENT } from './lone-exchange.js'
import type { Sender } from './sender.js'
import type { Target } from './target.js'

export interface StateChange {
  readonly input: Input
  readonly label: string
  readonly before: string
  readonly after: string
}

export interface StateCheck {
  readonly changes: readonly StateChange[]
  /** Inputs that together changed the state though each was refused, and none of them alone does. */
  readonly together: readonly Input[]
  /** Refused at first, but not when that was compared: of these it was not seen. */
  readonly uncompared: number
}

/** Accepted ones make room for others, such as leases of the same id, but not for ever. */
const ROUNDS = 8
/** What an aborted request has begun, such as leaving a line, may take so long to end. */
const SETTLE_MS = 5
const SETTLE_ROUNDS = 200

interface Bench {
  readonly target: Target
  readonly sender: Sender
}

export async function checkState(bench: Bench, refused: readonly Input[]): Promise<StateCheck> {
  const { suspects, uncompared } = await compare(bench, refused)
  if (suspects.length === 0) return { changes: [], together: [], uncompared }
  const changes = await narrow(bench, suspects)
  const together = changes === undefined ? suspects : []
  return { changes: changes ?? [], together, uncompared }
}

interface Comparison {
  /** Those that have changed the state though each of them was refused; none if nothing has changed. */
  readonly suspects: readonly Input[]
  readonly uncompared: number
}

async function compare({ target, sender }: Bench, inputs: readonly Input[]): Promise<Comparison> {
  let left = inputs
  for (let round = 0; round < ROUNDS && left.length > 0; round += 1) {
    const before = await settledState(target)
    const answers = await sender.send(left)
    const after = await settledState(target)
    const uncompared = inputs.length - left.length
    if (before === after) return { suspects: [], uncompared }
    await target.tidy(round > 0)
    const refused = left.filter((_, index) => answers[index]?.verdict === 'refused')
    if (refused.length === left.length) return { suspects: left, uncompared }
    left = refused
  }
  return { suspects: [], uncompared: inputs.length }
}

/** Undefined when they do it only together, or did it only once. */
async function narrow(
  bench: Bench,
  suspects: readonly Input[],
): Promise<readonly StateChange[] | undefined> {
  const [only, ...others] = suspects
  if (only !== undefined && others.length === 0) return changeBy(bench, only)
  await bench.target.tidy(true)
  const middle = Math.ceil(suspects.length / 2)
  const found: StateChange[] = []
  let isFound = false
  for (const half of [suspects.slice(0, middle), suspects.slice(middle)]) {
    const { suspects: left } = await compare(bench, half)
    if (left.length === 0) continue
    const changes = await narrow(bench, left)
    isFound ||= changes !== undefined
    found.push(...(changes ?? []))
  }
  return isFound ? found : undefined
}

/** None if it is accepted after all; undefined if it changes nothing now. */
async function changeBy(
  { target, sender }: Bench,
  input: Input,
): Promise<readonly StateChange[] | undefined> {
  await target.tidy(true)
  const before = await settledState(target)
  // We may not have waited long enough for the answer.
  const { verdict, label } = await sender.sendOne(input, VERY_PATIENT)
  const after = await settledState(target)
  await target.tidy(true)
  if (verdict !== 'refused') return []
  return before === after ? undefined : [{ input, label, before, after }]
}

/** Two looks in a row must be the same: what was begun may still be ending. */
async function settledState(target: Target): Promise<string> {
  let state = await target.state()
  for (let round = 0; round < SETTLE_ROUNDS; round += 1) {
    await delay(SETTLE_MS)
    const next = await target.state()
    if (next === state) return state
    state = next
  }
  throw new Error('the state does not come to rest')
}
