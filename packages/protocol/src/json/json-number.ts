/**
 * A number of a JSON text that a JavaScript number would change: it has more digits than 2^53 keeps,
 * or a fraction or an exponent, which etcd refuses even where its value is whole. The text is kept as
 * it was written, because ids use all 64 bits and errors quote it.
 */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
