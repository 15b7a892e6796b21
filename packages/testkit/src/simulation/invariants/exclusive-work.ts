/**
 * Locks, elections and claims exclude: whoever finds that it still holds, and works, has the newest
 * token that anybody of that name has worked with; and it was granted behind all before it (catalogue
 * 74–82; Jepsen: etcd locks). It holds as long as no clock runs faster than the margin of a session
 * allows, which the clocks of a run do not.
 */

import { check } from '../check.js'

export class ExclusiveWork {
  /** Of each name, the newest token that somebody has worked with. */
  readonly #newest = new Map<string, { readonly token: number; readonly by: string }>()
  #count = 0

  /** Pieces of work that were done under a hold. */
  get count(): number {
    return this.#count
  }

  /** Somebody looked whether it holds, found that it does, and works. */
  works(name: string, token: number, by: string): void {
    const newest = this.#newest.get(name)
    this.#count += 1
    check(
      newest === undefined || token >= newest.token,
      `${by} works under ${name} with token ${token}, after ${newest?.by} did with ${newest?.token}`,
    )
    check(
      newest?.token !== token || newest.by === by,
      `${by} and ${newest?.by} hold ${name} with the same token ${token}`,
    )
    this.#newest.set(name, { token, by })
  }
}
