/** What members reach each other by: TCP proxies, or packets between hosts of their own. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'

export const NETWORKS = ['links', 'packets'] as const
export type Network = (typeof NETWORKS)[number]

const INSIDE = 'HOLDFAST_TEST_OWN_NETWORK'

/** Whether this process has a network of its own, in which it may do as it likes. */
export function hasOwnNetwork(): boolean {
  return process.env[INSIDE] === 'yes'
}

/** Runs this very program again in a network of its own. Gives its exit code. */
export async function runInOwnNetwork(): Promise<number> {
  const child = spawn('unshare', ['--net', process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: 'yes' },
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return code ?? 1
}
