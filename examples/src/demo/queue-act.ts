/** Two hundred jobs for four consumers, of which one is killed while it holds some. */

import { connect } from '@holdfast/client'
import type { ProcessCluster } from '@holdfast/testkit'
import type { Checks } from './checks.js'
import { say, title } from './print.js'
import { Worker, type WorkerEvent } from './worker.js'

const JOBS = 200
const CONSUMERS = 4
const KILL_AFTER = 60

export async function queueAct(cluster: ProcessCluster, checks: Checks): Promise<void> {
  title(`A queue: ${JOBS} jobs, ${CONSUMERS} consumers, one is killed with -9`)
  const holdfast = connect({ endpoints: cluster.endpoints, label: 'producer' })
  const queue = holdfast.queue<number>('demo/jobs')
  await Promise.all(Array.from({ length: JOBS }, (_, job) => queue.push(job)))
  say('producer', `pushed ${JOBS} jobs`)

  const done: number[] = []
  const redelivered = new Set<number>()
  let onDone: () => void = () => undefined
  const onEvent = ({ name }: Worker, { event, job = -1, attempt = 1 }: WorkerEvent): void => {
    if (event === 'took' && attempt > 1) {
      redelivered.add(job)
      say(name, `takes job ${job} again, attempt ${attempt}`)
    }
    if (event === 'lost') say(name, `was told that job ${job} is not its own any more`)
    if (event !== 'done') return
    done.push(job)
    if (done.length % 20 === 0) say(name, `finished job ${job}; ${done.length} of ${JOBS} are done`)
    onDone()
  }
  const reach = (count: number): Promise<void> =>
    new Promise((resolve) => {
      onDone = () => {
        if (done.length >= count) resolve()
      }
      onDone()
    })
  const consumers = Array.from(
    { length: CONSUMERS },
    (_, index) =>
      new Worker({
        name: `consumer-${index + 1}`,
        program: './queue-worker.js',
        endpoints: cluster.endpoints,
        onEvent,
      }),
  )
  await reach(KILL_AFTER)
  const [victim, ...others] = consumers
  await victim?.kill()
  say('consumer-1', 'was killed with -9, with jobs in its hands')
  await reach(JOBS)
  await Promise.all(others.map((worker) => worker.end()))
  await holdfast.close()
  const distinct = new Set(done).size
  checks.add(
    'each job was acknowledged, and acknowledged once',
    distinct === JOBS && done.length === JOBS,
    `${done.length} acknowledgements of ${distinct} jobs, ${redelivered.size} delivered again`,
  )
}
