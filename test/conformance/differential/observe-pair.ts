/** Who observes one election on both servers, and whether both were told of its leader. */

import { isDeepStrictEqual } from 'node:util'
import type { Referee } from '../referee.js'
import { toldEvent, type ToldEvent } from './told-event.js'
import { watchOverHttp, type Watched } from './watched.js'

type Json = Readonly<Record<string, unknown>>

export class ObservePair {
  readonly name: string
  readonly #etcd: Watched
  readonly #ours: Watched

  /** @param name in base64 */
  constructor({ etcd, ours }: Referee, name: string) {
    this.name = name
    this.#etcd = watchOverHttp(etcd.url, '/v3/election/observe')
    this.#ours = watchOverHttp(ours.url, '/v3/election/observe')
    for (const watched of [this.#etcd, this.#ours]) watched.say(JSON.stringify({ name }))
  }

  leave(): void {
    this.#etcd.leave()
    this.#ours.leave()
  }

  /** Both have told last what the leader, if there is one, said last. */
  isComplete(leader: Json | undefined): boolean {
    if (leader === undefined) return true
    return [this.#etcd, this.#ours].every((watched) => isDeepStrictEqual(lastOf(watched), leader))
  }

  told(): unknown {
    return { etcd: this.#etcd.messages, ours: this.#ours.messages }
  }

  /** What was told that has not happened, or not in this order; nobody has to be told of everything. */
  firstLie(story: readonly ToldEvent[]): unknown {
    const puts = new Set(story.filter(({ type }) => type === 'PUT').map(idOf))
    for (const { messages } of [this.#etcd, this.#ours]) {
      let last = 0
      for (const message of messages) {
        const { header, kv } = (message['result'] ?? {}) as { header?: Json; kv?: Json }
        if (kv === undefined) return message
        const said = toldEvent({ kv })
        const revision = Number(header?.['revision'])
        if (!puts.has(idOf(said)) || revision < said.revision || revision < last) return message
        last = revision
      }
    }
    return undefined
  }
}

function idOf({ key, revision }: ToldEvent): string {
  return `${key} ${revision}`
}

function lastOf({ messages }: Watched): unknown {
  return (messages.at(-1)?.['result'] as Json | undefined)?.['kv']
}
