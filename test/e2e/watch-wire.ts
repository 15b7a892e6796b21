/** One stream of `/v3/watch` with one watch, and every message on it, in the form that checkers read. */

import type { WatchMessage, WatchStream } from '@holdfast/testkit'
import { revisionOf, watchMessages, watchRequest, type WatchWish } from './watch-message.js'

export class WireStream implements WatchStream {
  readonly startRevision: number
  readonly messages: WatchMessage[] = []
  /** Resolves when the watch is cancelled, or its stream broke, was left or could not be begun. */
  readonly ended: Promise<void>
  readonly #leaving = new AbortController()
  #next: number

  /** @param startRevision 0: from now on */
  constructor(clientUrl: string, wish: WatchWish, startRevision: number) {
    this.startRevision = startRevision
    this.#next = startRevision
    this.ended = new Promise((resolve) => {
      const read = async (): Promise<void> => {
        const response = await fetch(`${clientUrl}/v3/watch`, {
          method: 'POST',
          body: watchRequest(wish, startRevision),
          signal: this.#leaving.signal,
        })
        for await (const message of watchMessages(response)) {
          this.messages.push(message)
          this.#next = Math.max(this.#next, nextAfter(message, startRevision))
          if (message.type === 'canceled') resolve()
        }
      }
      // Whatever ends it, what has been told so far is there.
      read().then(resolve, () => resolve())
    })
  }

  /** Where to resume: the first revision that has not been told. 0 until there is one. */
  get next(): number {
    return this.#next
  }

  leave(): void {
    this.#leaving.abort()
  }
}

function nextAfter(message: WatchMessage, startRevision: number): number {
  switch (message.type) {
    case 'created':
      // What comes after it is told; a break before the first event must not lose it.
      return startRevision === 0 ? message.revision + 1 : 0
    case 'events':
      return 1 + Math.max(...message.events.map(revisionOf))
    case 'progress':
      return 0
    case 'canceled':
      return message.compactRevision ?? 0
  }
}
