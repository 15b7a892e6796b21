/**
 * etcd's servers of locks and elections are clients of their own member, and pass its refusals on
 * without their codes: every one of them arrives as `unknown` (etcd: rpctypes.Error). Clients know
 * them by their texts.
 */

import { etcdErrors, grpcStatus } from '@holdfast/protocol'
import { EdgeError } from '../edge-error.js'
import { wireErrorOf } from '../error-response.js'

const TEXTS: ReadonlySet<string> = new Set(Object.values(etcdErrors).map(({ message }) => message))

export async function asClient<Answer>(work: Promise<Answer>): Promise<Answer> {
  try {
    return await work
  } catch (error) {
    throw withoutCode(error)
  }
}

export function withoutCode(error: unknown): unknown {
  const message = wireErrorOf(error)?.message ?? ''
  if (!TEXTS.has(message)) return error
  return new EdgeError({ code: grpcStatus.unknown.code, message })
}
