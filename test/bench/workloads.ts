/**
 * What is measured: three pieces of work that a coordinator is bought for. Every worker has a key and
 * a lock name of its own, so that nothing here waits for another holder: what is compared is the cost
 * of one replicated, durable step, not the fairness of a queue.
 */

export const workloads = ['put', 'get', 'lock'] as const
export type Workload = (typeof workloads)[number]

export const workloadNames: Readonly<Record<Workload, string>> = {
  put: 'put',
  get: 'get, linearizable',
  lock: 'lock + unlock',
}

/** About what a lock holder's description or a small setting takes. */
export const value = 'v'.repeat(64)

export const putKey = (worker: number): string => `bench/put/${worker}`
export const lockName = (worker: number): string => `bench/lock/${worker}`

export function isWorkload(text: string): text is Workload {
  return workloads.some((workload) => workload === text)
}
