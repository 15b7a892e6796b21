/**
 * Tells the cluster, through the log, this member's name and where clients reach it, so that every
 * member lists the same (etcd: publish). Tried until it has worked.
 */

import type { CoordinatorNode } from './node/coordinator-node.js'
import type { PublishedMember } from './state-machine/command.js'
import type { Clock } from './time/clock.js'
import { pause } from './time/pause.js'

const ATTEMPT_MS = 5_000
const PAUSE_MS = 500

/** Returns a function that stops trying. */
export function publishMember(
  node: CoordinatorNode,
  member: PublishedMember,
  clock: Clock,
): () => void {
  const stopped = new AbortController()
  void publish(node, member, { clock, stopped: stopped.signal })
  return () => stopped.abort()
}

async function publish(
  node: CoordinatorNode,
  member: PublishedMember,
  { clock, stopped }: { readonly clock: Clock; readonly stopped: AbortSignal },
): Promise<void> {
  while (!stopped.aborted && !isPublished(node, member)) {
    try {
      await node.propose({ type: 'publishMember', member }, { timeoutMs: ATTEMPT_MS })
    } catch {
      // There is no leader yet, or it just changed. Publishing twice is harmless.
      await pause(clock, PAUSE_MS, stopped)
    }
  }
}

function isPublished(node: CoordinatorNode, { id, name, clientUrls }: PublishedMember): boolean {
  const known = node.state.members().find((member) => member.id === id)
  return known?.name === name && known.clientUrls.join() === clientUrls.join()
}
