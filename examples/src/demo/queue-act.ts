/** Two hundred jobs for four consumers, of which one is killed while it holds some. */

import { connect } from '@holdfast/client'
import { say, title, waitFor } from './print.js'
import type { Stage } from './stage.js'
import type { Worker, WorkerEvent } from './worker.js'

const JOBS = 200
const CONSUMERS = 4
const KILL_AFTER = 60

export async function queueAct({ cluster, workers, checks }: Stage): Promise<void> {
  title(`A queue: ${JOBS} jobs, ${CONSUMERS} consumers, one is killed with -9`)
  const holdfast = connect({ endpoints: cluster.endpoints, label: 'producer' })
  const queue = holdfast.queue<number>('demo/jobs')
  await Promise.all(Array.from({ length: JOBS }, (_, job) => queue.push(job)))
  say('producer', `pushed ${JOBS} jobs`)

  const progress = new Progress()
  const consumers = Array.from({ length: CONSUMERS }, (_, index) =>
    workers.start({
      name: `consumer-${index + 1}`,
      program: './queue-worker.js',
      endpoints: cluster.endpoints,
      onEvent: (worker, event) => progress.onEvent(worker, event),
    }),
  )
  await waitFor(
    'the first jobs',
    progress.until(({ done }) => done.length >= KILL_AFTER),
  )
  // In the middle of a job: it has just said that it took one.
  const victim = await progress.nextToTake()
  await victim.kill()
  say(victim.name, 'was killed with -9 in the middle of a job; its session of 4 s runs out')
  await waitFor(
    'what it held, until its session has run out',
    progress.until(({ done }) => new Set(done).size === JOBS),
  )
  await Promise.all(consumers.filter((one) => one !== victim).map((one) => one.end()))
  await holdfast.close()
  const { done, redelivered } = progress
  checks.add(
    'each job was acknowledged, and acknowledged once',
    new Set(done).size === JOBS && done.length === JOBS,
    `${done.length} acknowledgements of ${JOBS} jobs`,
  )
  checks.add(
    'what the killed consumer held was delivered again',
    redelivered.size > 0,
    redelivered.size === 1 ? '1 job' : `${redelivered.size} jobs`,
  )
}

/** What the consumers have said so far. */
class Progress {
  readonly done: number[] = []
  readonly redelivered = new Set<number>()
  #onChange: () => void = () => undefined
  #onTake: (worker: Worker) => void = () => undefined

  onEvent(worker: Worker, { event, job = -1, attempt = 1 }: WorkerEvent): void {
    const { name } = worker
    if (event === 'took') this.#onTake(worker)
    if (event === 'took' && attempt > 1) {
      this.redelivered.add(job)
      say(name, `takes job ${job} again, attempt ${attempt}`)
    }
    if (event === 'lost') say(name, `was told that job ${job} is not its own any more`)
    if (event !== 'done') return
    this.done.push(job)
    const count = this.done.length
    if (count % 20 === 0) say(name, `finished job ${job}; ${count} of ${JOBS} are done`)
    this.#onChange()
  }

  until(reached: (progress: Progress) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = () => {
        if (reached(this)) resolve()
      }
      this.#onChange()
    })
  }

  nextToTake(): Promise<Worker> {
    return new Promise((resolve) => {
      this.#onTake = resolve
    })
  }
}
