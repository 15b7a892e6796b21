/**
 * Which member to ask. The same one until it fails, because its connections are warm; then the next.
 * Where to begin is drawn, so that the clients of one list do not all ask its first.
 */

export class Endpoints {
  readonly all: readonly string[]
  #index: number

  constructor(all: readonly string[], random: number) {
    this.all = all
    this.#index = Math.floor(random * all.length)
  }

  get current(): string {
    const endpoint = this.all[this.#index]
    if (endpoint === undefined) throw new RangeError('there is no endpoint')
    return endpoint
  }

  /** Moves on, unless another request that failed there has done so already. */
  failed(endpoint: string): void {
    if (endpoint === this.current) this.#index = (this.#index + 1) % this.all.length
  }
}
