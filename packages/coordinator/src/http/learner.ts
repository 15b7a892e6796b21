/**
 * A learner answers only what it has itself, or is: anything else would tell of a cluster in which it
 * has no voice (etcd §8.12; etcd: isRPCSupportedForLearner).
 */

import { etcdErrors, type RangeRequest, type RouteName } from '@holdfast/protocol'
import type { EdgeContext } from './edge-context.js'
import { EdgeError } from './edge-error.js'

/** @throws {EdgeError} `rpc not supported for learner`, if this member is one */
export function checkLearner(context: EdgeContext, name: RouteName, message?: unknown): void {
  if (isAnsweredByLearners(name, message) || !isLearner(context)) return
  throw new EdgeError(etcdErrors.notSupportedForLearner)
}

export function isLearner({ node, memberId }: EdgeContext): boolean {
  return node.committedMembership.learners.includes(memberId)
}

function isAnsweredByLearners(name: RouteName, message: unknown): boolean {
  if (name === 'range') return (message as RangeRequest | undefined)?.serializable ?? true
  return name === 'status' || name === 'snapshot'
}
