/**
 * A request id has one effect, whoever repeated it and whoever led (thesis §6.3; catalogue 20–24). And
 * what a member proposes once, with an id or without, is committed at most once: it proposes again
 * only what it has proven to be lost.
 */

import { check } from '../check.js'
import type { Ledger } from '../ledger.js'

export function checkExactlyOnce(ledger: Ledger): void {
  /** By request id, the revision that it made. */
  const effects = new Map<string, number>()
  /** By origin and sequence, where it is committed. */
  const proposals = new Map<string, number>()
  ledger.listen(({ index, applied, madeRevision }) => {
    if (applied === undefined) return
    const { proposal } = applied
    const name = `${proposal.origin}#${proposal.sequence}`
    const before = proposals.get(name)
    check(before === undefined, `proposal ${name} is committed at ${before} and at ${index}`)
    proposals.set(name, index)
    const id = proposal.requestId?.id
    if (id === undefined || madeRevision === undefined) return
    check(
      !effects.has(id),
      `request ${id} took effect at ${effects.get(id)} and at ${madeRevision}`,
    )
    effects.set(id, madeRevision)
  })
}
