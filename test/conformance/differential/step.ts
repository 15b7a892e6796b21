/**
 * One step of a differential run: plain data, so that it can be printed, left out and kept. What is not
 * known before the run stands in a body as a word with a dollar:
 *
 *   "$now", "$now-3"     the store's revision, or one near it, and never below 0
 *   "$compacted", …+1    the compacted revision, 0 before the first compaction
 *   "$member"            the id of the member that is asked
 *   "$rev:c1"            what the campaign that began as c1 was given as its revision
 *   "$big:x"             so many bytes that a few fill a message; of this letter
 */

export type Step =
  /** Both answers must be equal. */
  | {
      readonly do: 'ask'
      readonly path: string
      readonly body: string
      readonly headers?: Readonly<Record<string, string>>
      readonly over?: 'websocket'
    }
  | { readonly do: 'get'; readonly path: string }
  /** Whole histories, by their hashes: 3.4 tells its own over gRPC only. */
  | { readonly do: 'hash'; readonly revision: string }
  /** A request that may have to wait for others: its answer is compared when it is there. */
  | { readonly do: 'begin'; readonly id: string; readonly path: string; readonly body: string }
  /** Its client leaves, if it is still waiting. The key is what it waited with. */
  | { readonly do: 'giveUp'; readonly id: string; readonly key: string }
  | { readonly do: 'watch'; readonly id: string; readonly over: 'http' | 'websocket' }
  /** One more request on a stream; over HTTP only the first counts. */
  | { readonly do: 'say'; readonly id: string; readonly body: string }
  | { readonly do: 'leave'; readonly id: string }
  /** What leaders of an election proclaim, until it is left. */
  | { readonly do: 'observe'; readonly id: string; readonly name: string }
  /** Everything that watches are to be told has been told, and is compared. */
  | { readonly do: 'settle' }
  /** A short lease, and all of its keys, end by themselves. */
  | { readonly do: 'expire'; readonly lease: string }

/** What the words stand for. */
export interface Known {
  readonly now: number
  readonly compacted: number
  readonly member: string
  readonly revisions: ReadonlyMap<string, string>
}

const WORD = /\$(now|compacted|member|rev:[A-Za-z0-9]+|big:[a-z])([+-][0-9]+)?/g

export function filledIn(body: string, known: Known): string {
  return body.replace(WORD, (_, word: string, offset: string | undefined) => {
    if (word === 'member') return known.member
    if (word.startsWith('big:')) return bigValue(word.slice(4))
    if (word.startsWith('rev:')) return known.revisions.get(word.slice(4)) ?? '1'
    const base = word === 'now' ? known.now : known.compacted
    return String(Math.max(0, base + Number(offset ?? 0)))
  })
}

/** In base64. Four of them are less than a request may hold; with what was before, more than a message. */
function bigValue(letter: string): string {
  return Buffer.alloc(280_000, letter).toString('base64')
}
