/** Makes the checksums of the pages of a file (page-sums.ts) while its bytes come by, in order. */

import { crc32 } from 'node:zlib'
import { PAGE_BYTES } from './page-size.js'
import { PageSums } from './page-sums.js'

export class PageSumming {
  readonly #sums: number[] = []
  /** Of the page that is not whole yet. */
  #bytes = 0
  #sum = 0

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const piece = bytes.subarray(at, at + PAGE_BYTES - this.#bytes)
      this.#sum = crc32(piece, this.#sum)
      this.#bytes += piece.byteLength
      at += piece.byteLength
      if (this.#bytes === PAGE_BYTES) this.#endPage()
    }
  }

  /** Of the pages that are whole. */
  get sums(): PageSums {
    return PageSums.from(this.#sums)
  }

  #endPage(): void {
    this.#sums.push(this.#sum)
    this.#sum = 0
    this.#bytes = 0
  }
}
