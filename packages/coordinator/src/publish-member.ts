/**
 * Tells the cluster, through the log, this member's name and where clients reach it, so that every
 * member lists the same (etcd: publish), and on which directory it runs. Tried until it has worked.
 */

import type { CoordinatorNode } from './node/coordinator-node.js'
import type { PublishedMember } from './state-machine/command.js'
import { isSameStamp, whatIsForgotten } from './state-machine/directory-stamp.js'
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

function isPublished(node: CoordinatorNode, member: PublishedMember): boolean {
  const { id, name, clientUrls, directory } = member
  const known = node.state.members().find((one) => one.id === id)
  if (known?.name !== name || known.clientUrls.join() !== clientUrls.join()) return false
  // Of a directory that has lost something nobody wants to know.
  return (
    isSameStamp(known.directory, directory) ||
    whatIsForgotten(known.directory, directory) !== undefined
  )
}
