/** An AppendEntries keeps to its limit in bytes, unless it carries a single entry (etcd: MaxSizePerMsg). */

import { totalBytes } from '../entry.js'
import type { AppendEntries } from '../message.js'
import { check } from './observed-member.test-support.js'

export class BoundedMessages {
  readonly #maxAppendBytes: number

  constructor(maxAppendBytes: number) {
    this.#maxAppendBytes = maxAppendBytes
  }

  onSend({ from, to, entries }: AppendEntries): void {
    if (entries.length <= 1) return
    const bytes = totalBytes(entries)
    check(bytes <= this.#maxAppendBytes, `${from} sent ${bytes} bytes at once to ${to}`)
  }
}
