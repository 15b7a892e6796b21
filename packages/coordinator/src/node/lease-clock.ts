/**
 * The time by which leases age: monotonic, and never faster than real time. While the process is
 * stalled or suspended it stands still (but for `maxStepMs`), because keepalives that arrived in the
 * meantime are still unread, and a lease must live at least its TTL, not at most (etcd #12528).
 */

export class LeaseClock {
  readonly #maxStepMs: number
  #elapsedMs = 0
  #readAtMs: number

  /** @param maxStepMs the longest gap between two readings that counts in full */
  constructor(maxStepMs: number, nowMs: number) {
    this.#maxStepMs = maxStepMs
    this.#readAtMs = nowMs
  }

  /** @param nowMs the host's monotonic clock */
  read(nowMs: number): number {
    const step = Math.max(0, nowMs - this.#readAtMs)
    this.#elapsedMs += Math.min(step, this.#maxStepMs)
    this.#readAtMs = Math.max(this.#readAtMs, nowMs)
    return this.#elapsedMs
  }
}
