/** What was opened, to be closed once, in the reverse order, however far the start came. */

type Close = () => void | Promise<void>

export class Closers {
  readonly #closers: Close[] = []
  #closed: Promise<void> | undefined

  /** What is opened after the end, because it was on its way then, is closed at once. */
  add(close: Close): void {
    this.#closers.push(close)
    if (this.#closed !== undefined) this.#closed = this.#closed.finally(() => this.#closeAll())
  }

  /** Calling it again waits for the same end, and for what was opened too late. */
  close(): Promise<void> {
    return (this.#closed ??= this.#closeAll())
  }

  async #closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close()
    }
  }
}
