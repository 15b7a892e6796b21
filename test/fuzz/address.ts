/** Where what is fuzzed listens. */

export interface Address {
  readonly host: string
  readonly port: number
}
