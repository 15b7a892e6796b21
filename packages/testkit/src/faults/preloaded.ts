/** A member process that `reroute.ts` is loaded into. */

import type { SpawnCommand } from '../process-cluster.js'

/** @param ports of its connections: the one that is asked for → the one to use */
export function preloaded(
  { command, args, env }: SpawnCommand,
  ports: Readonly<Record<string, number>> = {},
): SpawnCommand {
  const preload = new URL('../../dist/faults/reroute.js', import.meta.url).href
  return {
    command,
    args: ['--import', preload, ...args],
    env: { ...env, HOLDFAST_TEST_REROUTE: JSON.stringify(ports) },
  }
}
