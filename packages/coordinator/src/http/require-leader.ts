/**
 * The header by which a client would rather be told that there is no leader than wait for one (etcd:
 * hasleader). Deviation: etcd refuses at once. Here a leader may be missing for as long as a watch
 * tolerates it, because within that time another is elected and carries out what waits.
 */

import { etcdErrors } from '@holdfast/protocol'
import type { Deadline } from './deadline.js'
import { EdgeError } from './edge-error.js'
import type { EdgeContext } from './edge-context.js'

const REQUIRE_LEADER_HEADER = 'grpc-metadata-hasleader'

export function requiresLeader(request: Request): boolean {
  return request.headers.get(REQUIRE_LEADER_HEADER) === 'true'
}

/** @throws {EdgeError} `no leader`, if the client asks for one and there has been none for long */
export function checkLeader({ node, clock }: EdgeContext, request: Request): void {
  if (requiresLeader(request) && node.leaderPresence.isLost(clock.nowMs())) {
    throw new EdgeError(etcdErrors.noLeader)
  }
}

/**
 * A stream that requires a leader ends when there has been none for long: rather that than an observer
 * who believes in one for ever (etcd: monitorLeader; etcd #10819).
 */
export function orLeaderless(deadline: Deadline, { node }: EdgeContext): Deadline {
  const lost = new AbortController()
  let unsubscribe = (): void => undefined
  const leaderless = new Promise<never>((_, reject) => {
    unsubscribe = node.leaderPresence.subscribe(() => {
      lost.abort()
      reject(new EdgeError(etcdErrors.noLeader))
    })
  })
  const passed = Promise.race([deadline.passed, leaderless])
  passed.catch(() => undefined)
  return {
    signal: AbortSignal.any([deadline.signal, lost.signal]),
    passed,
    cancel: () => {
      unsubscribe()
      deadline.cancel()
    },
  }
}
