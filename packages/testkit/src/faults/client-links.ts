/** Links of their own for the clients of a cluster, one to each member. */

import type { MemberSpec } from '../process-cluster.js'
import { FaultyLink } from './faulty-link.js'

export class ClientLinks {
  readonly #links: ReadonlyMap<string, FaultyLink>

  private constructor(links: ReadonlyMap<string, FaultyLink>) {
    this.#links = links
  }

  static async open(specs: readonly MemberSpec[]): Promise<ClientLinks> {
    const links = specs.map(async ({ name, clientUrl }) => {
      const { hostname, port } = new URL(clientUrl)
      return [name, await FaultyLink.open(`clients→${name}`, Number(port), hostname)] as const
    })
    return new ClientLinks(new Map(await Promise.all(links)))
  }

  /** Of the members. */
  get names(): readonly string[] {
    return [...this.#links.keys()]
  }

  /** Where clients find the members. */
  get urls(): readonly string[] {
    return [...this.#links.values()].map(({ port }) => `http://127.0.0.1:${port}`)
  }

  to(name: string): FaultyLink {
    const link = this.#links.get(name)
    if (link === undefined) throw new Error(`there is no member ${name}`)
    return link
  }

  heal(): void {
    for (const link of this.#links.values()) link.heal()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.close()))
  }
}
