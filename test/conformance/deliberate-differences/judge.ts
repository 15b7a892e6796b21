/** Applies the table. */

import { isDeepStrictEqual } from 'node:util'
import { parseFirstJson } from '@holdfast/protocol'
import { deliberateDifferences } from '../deliberate-differences.js'
import type { Answer, Answers, Asked, Difference, EtcdWatches, Rule } from './difference.js'
import type { ToldEvent } from '../differential/told-event.js'
import type { WatchStart } from './difference.js'

type RowBy<By extends Rule['by']> = Difference & { readonly rule: Extract<Rule, { by: By }> }

const rowsBy = <By extends Rule['by']>(by: By): readonly RowBy<By>[] =>
  deliberateDifferences.filter((row): row is RowBy<By> => row.rule.by === by)

const respellings = rowsBy('respelling')
const refusals = rowsBy('our refusal')
const evenings = rowsBy('evening')
const rewordings = rowsBy('rewording')
const meant = rowsBy('answers')
const events = rowsBy('event')
const delays = rowsBy('waiting')

/** The body that 3.4 is sent. */
export function respelt(body: string): string {
  return respellings.reduce((text, { rule }) => rule.respell(text), body)
}

/** Why only we are asked; undefined where etcd is asked too. */
export function whyOnlyOurs({ path, body }: Asked, ours: Answer): string | undefined {
  const says = ours.body.message ?? ''
  const row = refusals.find(
    ({ rule }) => rule.says.test(says) && (rule.appliesTo?.(parsed(body), path) ?? true),
  )
  return row?.what
}

/** What must be equal of both. */
export function evened(request: Asked, both: Answers): Answers {
  return evenings.reduce((answers, { rule }) => rule.even(request, answers), both)
}

/** Why answers that differ when they are evened are meant to; undefined where they are not. */
export function whyTheyDiffer(request: Asked, both: Answers): string | undefined {
  const { etcd, ours } = both
  const haveOneCode =
    etcd.status >= 400 && ours.status === etcd.status && ours.body['code'] === etcd.body['code']
  const json = parsed(request.body)
  const row =
    (haveOneCode ? rewordings.find(({ rule }) => rule.appliesTo(json)) : undefined) ??
    meant.find(({ rule }) => rule.appliesTo(request, both))
  return row?.what
}

export function areEqual({ etcd, ours }: Answers): boolean {
  return isDeepStrictEqual(ours, etcd)
}

export function etcdMayMiss(event: ToldEvent, watch: WatchStart): boolean {
  return events.some(({ rule }) => rule.mayMiss(event, watch))
}

/** Why etcd is not ready for it; undefined where it is. */
export function whyTooEarly(path: string, watches: EtcdWatches): string | undefined {
  return delays.find(({ rule }) => rule.isTooEarly(path, watches))?.what
}

export function parsed(body: string): unknown {
  try {
    return parseFirstJson(body)
  } catch {
    return undefined
  }
}
