/**
 * Locks and elections (catalogue 80 to 83; Jepsen: lock): processes that take turns, each of which can be
 * stopped while it has its turn.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { decodeHistory } from '@holdfast/testkit'
import { ClientProcess } from '../../client-process.js'
import type { ContenderTask } from '../contender-program.js'
import { effect, type Effect } from '../nemesis.js'
import type { HistoryRecord } from '../recorder.js'
import type { Workload, WorkloadContext } from '../workload.js'

const CONTENDERS = 3
/** A holder that stands still must have lost its turn after its TTL; elections may come in between. */
const LOSS_PATIENCE_MS = 20_000
const ATTEMPTS = 10

export const locks: Workload = {
  name: 'locks',
  hasHolders: true,
  run: (context) => contend(context, 'lock'),
}
export const elections: Workload = {
  name: 'elections',
  hasHolders: true,
  run: (context) => contend(context, 'election'),
}

async function contend(context: WorkloadContext, kind: ContenderTask['kind']): Promise<void> {
  const name = `contended/${kind}`
  const { endpoints, seed, sessionTtlSeconds, recorder } = context
  const processes = Array.from({ length: CONTENDERS }, (_, index) => {
    const task: ContenderTask = {
      ...{ kind, name, process: `${kind}${index}`, sessionTtlSeconds },
      endpoints: [...endpoints.slice(index % endpoints.length), ...endpoints.slice(0, index)],
      seed: seed + index,
    }
    return new ClientProcess('faults/contender-program.js', [JSON.stringify(task)])
  })
  context.addHolders(() => pauseHolder(context, { kind, name, processes }))
  await new Promise((resolve) => context.ending.addEventListener('abort', resolve, { once: true }))
  for (const { code, lines, errors } of await Promise.all(processes.map((one) => one.end()))) {
    const text = lines.map((line) => `${line}\n`).join('')
    for (const record of decodeHistory(text)) recorder.add(record as HistoryRecord)
    const complaints = [...errors, ...(code === 0 ? [] : [`ended with status ${code ?? 'none'}`])]
    for (const complaint of complaints) recorder.complain(`a contender: ${complaint}`)
  }
}

/**
 * Stops whoever comes to have the turn next, until somebody else has it (catalogue 58, 81): it goes on
 * with writes of a holder that it is not any more.
 */
async function pauseHolder(
  context: WorkloadContext,
  contest: {
    readonly kind: ContenderTask['kind']
    readonly name: string
    readonly processes: readonly ClientProcess[]
  },
): Promise<readonly Effect[]> {
  const holdfast = context.connect(0)
  const holderOf = async (): Promise<number | undefined> =>
    (await holdfast.lock(contest.name).inspect()).holder?.pid
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const stopped = contest.processes.at(attempt % contest.processes.length)
    stopped?.pause()
    const had = await waitFor(
      context.sessionTtlSeconds * 500,
      async () => (await holderOf()) === stopped?.pid,
    )
    const lost =
      had && (await waitFor(LOSS_PATIENCE_MS, async () => (await holderOf()) !== stopped?.pid))
    stopped?.resume()
    if (had)
      return [
        effect(
          `${contest.kind}: the holder ${stopped?.pid ?? 0} stood still and lost its turn`,
          lost,
        ),
      ]
  }
  return [effect(`${contest.kind}: a holder stood still`, false)]
}

async function waitFor(timeoutMs: number, look: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (await look()) return true
    if (performance.now() > deadline) return false
    await delay(20)
  }
}
