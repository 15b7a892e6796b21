/** The running checksum of a WAL, of its header and then of each frame (SQLite, file format, §4.2). */

/** The checksums are of little-endian words; one more, and they are of big-endian ones. */
const MAGIC = 0x377f0682
const CHECKSUM_AT = 24
const WORD_BYTES = 4

export class WalChecksum {
  readonly #isLittleEndian: boolean
  #first = 0
  #second = 0

  /** Undefined if these 32 bytes begin no WAL. */
  static ofHeader(header: Buffer): WalChecksum | undefined {
    const magic = header.readUInt32BE(0)
    if (magic !== MAGIC && magic !== MAGIC + 1) return undefined
    const checksum = new WalChecksum(magic === MAGIC)
    checksum.add(header.subarray(0, CHECKSUM_AT))
    return checksum.isAt(header, CHECKSUM_AT) ? checksum : undefined
  }

  private constructor(isLittleEndian: boolean) {
    this.#isLittleEndian = isLittleEndian
  }

  /** Of bytes whose number is a multiple of 8. */
  add(bytes: Buffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const isLittleEndian = this.#isLittleEndian
    let [first, second] = [this.#first, this.#second]
    for (let at = 0; at < bytes.byteLength; at += 2 * WORD_BYTES) {
      first = (first + view.getInt32(at, isLittleEndian) + second) | 0
      second = (second + view.getInt32(at + WORD_BYTES, isLittleEndian) + first) | 0
    }
    this.#first = first
    this.#second = second
  }

  /** Whether the checksum that stands there is this one. */
  isAt(bytes: Buffer, at: number): boolean {
    return (
      bytes.readInt32BE(at) === this.#first && bytes.readInt32BE(at + WORD_BYTES) === this.#second
    )
  }
}
