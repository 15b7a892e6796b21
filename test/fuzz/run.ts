/** A run: batches of inputs, each followed by what must hold whatever was sent. */

import { inputDrawer } from './draw-input.js'
import { Findings } from './findings.js'
import type { Input } from './input.js'
import { knownChange } from './known-troubles.js'
import type { FuzzOptions } from './options.js'
import { Sender } from './sender.js'
import { checkState } from './state-check.js'
import { Tally } from './tally.js'
import type { Target } from './target.js'

/** Small enough that few need be looked through for the one that did it. */
const BATCH = 1_000
/** Batches after which all keys are deleted and all history is cut. */
const TIDY_EVERY = 5

export interface FuzzRun {
  readonly options: FuzzOptions
  readonly sent: number
  /** Refused, and sent again to see whether that changes anything. */
  readonly resent: number
  /** Of those, the ones that were not refused again, or of which it could not be seen. */
  readonly uncompared: number
  readonly seconds: number
  readonly tally: Tally
  readonly findings: Findings
  readonly rssBytes: readonly number[]
}

export async function fuzz(
  options: FuzzOptions,
  target: Target,
  onProgress: (sent: number) => void = () => undefined,
): Promise<FuzzRun> {
  const draw = inputDrawer(options)
  const sender = new Sender(target.address)
  const [tally, findings] = [new Tally(), new Findings()]
  const rssBytes: number[] = []
  const startedAt = performance.now()
  const pid = target.pid()
  let [sent, resent, uncompared] = [0, 0, 0]
  try {
    const isOver = (): boolean => performance.now() - startedAt > 1_000 * options.seconds
    while (sent < options.inputs && !findings.areEnough && !isOver()) {
      const size = Math.min(BATCH, options.inputs - sent)
      const from = options.first + sent
      const inputs = Array.from({ length: size }, (_, index) => draw(from + index))
      sent += size
      try {
        const isWhole = (sent / BATCH) % TIDY_EVERY === 0
        const batch = await runBatch({ target, sender, tally, findings }, inputs, { isWhole })
        resent += batch.resent
        uncompared += batch.uncompared
      } catch (error) {
        findings.addTrouble(from, String(error))
      }
      await lookAfter({ target, findings, pid }, from)
      rssBytes.push(target.rssBytes())
      onProgress(sent)
    }
  } finally {
    sender.close()
  }
  const seconds = (performance.now() - startedAt) / 1_000
  return { options, sent, resent, uncompared, seconds, tally, findings, rssBytes }
}

interface Bench {
  readonly target: Target
  readonly sender: Sender
  readonly tally: Tally
  readonly findings: Findings
}

async function runBatch(
  { target, sender, tally, findings }: Bench,
  inputs: readonly Input[],
  { isWhole }: { readonly isWhole: boolean },
): Promise<{ readonly resent: number; readonly uncompared: number }> {
  const answers = await sender.send(inputs)
  for (const [index, input] of inputs.entries()) {
    const answer = answers[index]!
    tally.add(input, answer)
    findings.addAnswer(input, answer)
  }
  await target.tidy(isWhole)
  const refused = inputs.filter((input, index) => {
    const answer = answers[index]!
    return answer.verdict === 'refused' && !findings.addKnown(knownChange(input, answer))
  })
  const { changes, together, uncompared } = await checkState({ target, sender }, refused)
  for (const change of changes) findings.addChange(change)
  if (together.length > 0) findings.addTogether(together)
  return { resent: refused.length, uncompared }
}

async function lookAfter(
  {
    target,
    findings,
    pid,
  }: {
    readonly target: Target
    readonly findings: Findings
    readonly pid: number | undefined
  },
  from: number,
): Promise<void> {
  for (const line of target.complaints()) findings.addComplaint(from, line)
  if (target.pid() !== pid) findings.addCrash(from, 'the process has ended')
  else if (!(await target.isHealthy())) findings.addCrash(from, 'it does not serve any more')
}
