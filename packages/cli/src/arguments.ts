/** How the texts of arguments are read. Commander names the argument in front of what these say. */

import { InvalidArgumentError } from 'commander'

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text)
  if (value === 0) throw new InvalidArgumentError('It must be greater than 0.')
  return value
}

export function leaseId(text: string): string {
  return idBelow(2n ** 63n, text)
}

export function memberId(text: string): string {
  return idBelow(2n ** 64n, text)
}

/**
 * In decimal, as the API and this program write it. etcdctl writes the same ids in hexadecimal without
 * a mark; to be told apart, they take a 0x here.
 */
function idBelow(end: bigint, text: string): string {
  const value = /^(?:\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) ? BigInt(text) : undefined
  if (value === undefined || value >= end) {
    throw new InvalidArgumentError('It must be a decimal number, or a hexadecimal one after 0x.')
  }
  return value.toString()
}
