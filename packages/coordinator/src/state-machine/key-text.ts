/** A key as text of Latin-1 code units, which compares as its bytes do and can be a Map's key. */
export function keyText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
