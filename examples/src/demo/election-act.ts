/** Three processes stand for one election; the one that leads is killed. */

import { say, title, waitFor } from './print.js'
import type { Stage } from './stage.js'
import type { Worker, WorkerEvent } from './worker.js'

interface Reign {
  readonly worker: Worker
  readonly token: number
  readonly atNs: bigint
}

export async function electionAct({ cluster, workers, checks }: Stage): Promise<void> {
  title('An election: the process that leads is killed with -9, another takes over')
  const reigns: Reign[] = []
  let onReign: (reign: Reign) => void = () => undefined
  const onEvent = (worker: Worker, { event, token = 0, atNs }: WorkerEvent): void => {
    say(worker.name, event === 'leads' ? `leads, token ${token}` : event)
    if (event !== 'leads') return
    const reign = { worker, token, atNs }
    reigns.push(reign)
    onReign(reign)
  }
  const nextReign = (): Promise<Reign> =>
    new Promise((resolve) => {
      onReign = resolve
    })
  const first = nextReign()
  const { endpoints } = cluster
  const candidates = ['ada', 'barbara', 'grace'].map((name) =>
    workers.start({ name, program: './election-worker.js', endpoints, onEvent }),
  )
  const before = await waitFor('somebody to be elected', first)
  const second = nextReign()
  await before.worker.kill()
  const killedAt = performance.now()
  say(before.worker.name, 'was killed with -9; its session of 4 s runs out')
  const after = await waitFor('its session to run out', second)
  const seconds = ((performance.now() - killedAt) / 1000).toFixed(1)
  await Promise.all(
    candidates.filter((worker) => worker !== before.worker).map((worker) => worker.end()),
  )
  checks.add(
    'the election failed over to another process, with a larger token',
    after.worker !== before.worker && after.token > before.token,
    `after ${seconds} s of a 4 s session`,
  )
}
