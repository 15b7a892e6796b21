/** At which revision a lock that had to wait was looked at. */

import type { Answer, Answers, Asked } from './difference.js'

/** What was written while it waited may be told, or not yet; nothing from before, or of the future. */
export function withoutRevisionAfterWait(
  { path, waited }: Asked,
  { etcd, ours }: Answers,
): Answers {
  if (!path.endsWith('/lock/lock') || waited === undefined) return { etcd, ours }
  const isWithin = (answer: Answer): boolean => {
    const revision = revisionOf(answer)
    return revision > waited.from && revision <= waited.to
  }
  if (!isWithin(etcd) || !isWithin(ours)) return { etcd, ours }
  return { etcd: withoutRevision(etcd), ours: withoutRevision(ours) }
}

function revisionOf({ body }: Answer): number {
  return Number((body['header'] as { readonly revision?: string } | undefined)?.revision)
}

function withoutRevision(answer: Answer): Answer {
  const { body } = answer
  return {
    ...answer,
    body: { ...body, header: { ...(body['header'] as object), revision: '<any>' } },
  }
}
