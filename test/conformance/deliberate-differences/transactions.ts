/** Transactions that etcd takes and we refuse. */

import { fieldsOf, type JsonField } from '../json-fields.js'

/** In some transaction. Bytes may stand as a list of numbers. */
export function deletesFromKey(json: unknown): boolean {
  return fieldsOf(json).some(
    ({ name, value, within }: JsonField) =>
      /^range_?end$/i.test(name) && /^request_?delete_?range$/i.test(within) && isOpen(value),
  )
}

function isOpen(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 1 && Number(value[0]) === 0
  return typeof value === 'string' && Buffer.from(value, 'base64').equals(Buffer.from([0]))
}

/** None of the outermost transaction itself. */
export function putsOnlyInNested(json: unknown): boolean {
  const outer = json as Readonly<Record<string, unknown>>
  const own = ['success', 'failure'].flatMap((branch) => {
    const operations = outer[branch]
    return Array.isArray(operations) ? (operations as unknown[]) : []
  })
  const isPut = (name: string): boolean => /^request_?put$/i.test(name)
  return (
    fieldsOf(json).some(({ name }) => isPut(name)) &&
    !own.some((operation) => Object.keys(operation ?? {}).some(isPut))
  )
}
