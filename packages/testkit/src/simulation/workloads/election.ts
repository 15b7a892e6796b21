/** Campaigns, leads for a while, and resigns. */

import type { ClientProcess } from '../client-process.js'
import { holds } from '../invariants/holds.js'
import { orFailed } from '../run-records.js'

const TERM_MS = 150

export async function electionWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, client, chance, records } = process
  const election = client.election('boss')
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const timeoutMs = chance.happens(0.3) ? chance.between(20, 500) : 20_000
    const leadership = await orFailed(election.campaign(name, { timeoutMs }))
    if (leadership === undefined) continue
    await records.sessions.begin(process)
    for (let steps = chance.below(3); steps >= 0; steps -= 1) {
      if (!(await holds(process, leadership))) break
      records.work.works('boss', leadership.fencingToken, `${name}/${done}`)
      await orFailed(leadership.proclaim(`${name}/${done}/${steps}`))
      await process.pause(chance.exponential(TERM_MS))
    }
    await leadership.resign()
    await process.pause(chance.exponential(TERM_MS))
  }
}
