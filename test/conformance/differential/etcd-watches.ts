/** What an etcd says of its watches: those that are slow are not yet told what has happened. */

import type { EtcdWatches } from '../deliberate-differences/difference.js'

export async function etcdWatches(url: string, expected: number): Promise<EtcdWatches> {
  const response = await fetch(`${url}/metrics`)
  const metrics = await response.text()
  const figure = (name: string): number =>
    Number(new RegExp(`^etcd_debugging_mvcc_${name} (\\S+)$`, 'm').exec(metrics)?.[1])
  return { all: figure('watcher_total'), slow: figure('slow_watcher_total'), expected }
}
