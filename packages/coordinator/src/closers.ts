/** What was opened, to be closed once, in the reverse order, however far the start came. */

type Close = () => void | Promise<void>

export class Closers {
  readonly #closers: Close[] = []
  #closed: Promise<void> | undefined

  add(close: Close): void {
    this.#closers.push(close)
  }

  /** Calling it again waits for the same end. */
  close(): Promise<void> {
    return (this.#closed ??= this.#closeAll())
  }

  async #closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close()
    }
  }
}
