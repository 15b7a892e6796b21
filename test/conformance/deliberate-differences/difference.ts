/** What a row of the table is. */

import type { ToldEvent } from '../differential/told-event.js'

export interface Difference {
  readonly what: string
  readonly why: string
  readonly rule: Rule
}

/** How a row is applied: each knows as little as it needs, and lets through as little as it can. */
export type Rule =
  /** 3.4 is sent the spelling that it takes, and must then answer alike. */
  | { readonly by: 'respelling'; readonly respell: (body: string) => string }
  /** We refuse it, known by our text, and 3.4 would take it: only we are asked. */
  | {
      readonly by: 'our refusal'
      readonly says: RegExp
      readonly appliesTo?: (json: unknown, path: string) => boolean
    }
  /** What must be equal of both answers. */
  | { readonly by: 'evening'; readonly even: (request: Asked, both: Answers) => Answers }
  /** Both refuse it, with one status and one code, in other words. */
  | { readonly by: 'rewording'; readonly appliesTo: (json: unknown) => boolean }
  /** Answers that differ for a reason, known by both of them. */
  | { readonly by: 'answers'; readonly appliesTo: (request: Asked, both: Answers) => boolean }
  /** An event of a watch that etcd may not tell; we must. */
  | { readonly by: 'event'; readonly mayMiss: (event: ToldEvent, watch: WatchStart) => boolean }
  /** A request that has to wait until etcd is ready for it. */
  | { readonly by: 'waiting'; readonly isTooEarly: (path: string, etcd: EtcdWatches) => boolean }

export interface Asked {
  readonly path: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** Between which revisions it waited for others, if it had to. */
  readonly waited?: { readonly from: number; readonly to: number }
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Fields & { readonly message?: string }
}
export type Fields = Readonly<Record<string, unknown>>

export interface Answers {
  readonly etcd: Answer
  readonly ours: Answer
}

export interface WatchStart {
  /** The compacted revision when it was created. */
  readonly compacted: number
}

/** What an etcd says of its watches, and how many it must have at least. */
export interface EtcdWatches {
  readonly all: number
  readonly slow: number
  readonly expected: number
}
