/** How a stream of keepalives ends behind a message that cannot be read. */

import type { Answer, Answers, Asked, Fields } from './difference.js'

/** Our last line, if it only says that; what was answered before it must be equal. */
export function withoutLastWord({ path }: Asked, { etcd, ours }: Answers): Answers {
  const lines: unknown = ours.body
  if (!path.endsWith('/lease/keepalive') || !Array.isArray(lines)) return { etcd, ours }
  const error = (lines.at(-1) as Fields)['error'] as Fields | undefined
  if (error?.['code'] !== 3) return { etcd, ours }
  const left = lines.slice(0, -1) as readonly unknown[]
  const body = (left.length === 1 ? left[0] : left) as Answer['body']
  return { etcd, ours: { ...ours, body } }
}
