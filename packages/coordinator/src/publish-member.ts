/**
 * Tells the cluster, through the log, this member's name and where clients reach it, so that every
 * member lists the same (etcd: publish). Tried until it has worked.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { CoordinatorNode } from './node/coordinator-node.js'
import type { PublishedMember } from './state-machine/command.js'

const ATTEMPT_MS = 5_000
const PAUSE_MS = 500

/** Returns a function that stops trying. */
export function publishMember(node: CoordinatorNode, member: PublishedMember): () => void {
  const stopped = new AbortController()
  void publish(node, member, stopped.signal)
  return () => stopped.abort()
}

async function publish(
  node: CoordinatorNode,
  member: PublishedMember,
  stopped: AbortSignal,
): Promise<void> {
  while (!stopped.aborted && !isPublished(node, member)) {
    try {
      await node.propose({ type: 'publishMember', member }, { timeoutMs: ATTEMPT_MS })
    } catch {
      // There is no leader yet, or it just changed. Publishing twice is harmless.
      await delay(PAUSE_MS, undefined, { signal: stopped }).catch(() => undefined)
    }
  }
}

function isPublished(node: CoordinatorNode, { id, name, clientUrls }: PublishedMember): boolean {
  const known = node.state.members().find((member) => member.id === id)
  return known?.name === name && known.clientUrls.join() === clientUrls.join()
}
