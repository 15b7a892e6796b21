/** Clients that put one key after the other, and know which puts were acknowledged. */

import { connect } from '@holdfast/client'

export interface PutLoad {
  readonly acknowledged: ReadonlySet<string>
  /** Resolves when so many more puts have been acknowledged. */
  more(count: number): Promise<void>
  /** Resolves when all puts have ended. */
  stop(): Promise<void>
}

export function startPutLoad(endpoints: readonly string[], clients = 4): PutLoad {
  const holdfast = connect({ endpoints })
  const acknowledged = new Set<string>()
  const waiting: { readonly until: number; readonly resolve: () => void }[] = []
  let isStopped = false
  const putAll = async (client: number): Promise<void> => {
    for (let at = 0; !isStopped; at += 1) {
      const key = `load/${client}/${at}`
      const isDone = await holdfast.kv.put(key, `${at}`).then(
        () => true,
        () => false,
      )
      if (!isDone) continue
      acknowledged.add(key)
      for (const one of waiting.filter(({ until }) => until <= acknowledged.size)) {
        waiting.splice(waiting.indexOf(one), 1)
        one.resolve()
      }
    }
  }
  const running = Array.from({ length: clients }, (_, client) => putAll(client))
  return {
    acknowledged,
    more: (count) =>
      new Promise((resolve) => waiting.push({ until: acknowledged.size + count, resolve })),
    stop: async () => {
      isStopped = true
      await Promise.all(running)
      await holdfast.close()
    },
  }
}
