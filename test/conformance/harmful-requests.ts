/**
 * Requests on which etcd 3.4 crashes, or does what chance decides: they cannot be compared, so
 * they are not sent to it.
 */

import { fieldsOf, type JsonField } from './json-fields.js'

const OPERATION = /^request_?(?:range|put|delete_?range|txn)$/i
const OPERAND = /^(?:version|create_?revision|mod_?revision|value|lease)$/i
const OF_A_WATCH = /^(?:create|cancel|progress)_?request$/i

export function isHarmful(json: unknown): boolean {
  return fieldsOf(json).some((field) => crashesIt(field) || hasTwoOfAOneof(field))
}

/** Its process dies of both. */
function crashesIt({ name, value }: JsonField): boolean {
  if (/^sort_?target$/i.test(name)) return typeof value === 'number' && !(value >= 0 && value <= 4)
  return Array.isArray(value) && value.includes(null) && /^(?:compare|success|failure)$/.test(name)
}

/** Which of them it takes depends on the order of a Go map. */
function hasTwoOfAOneof({ name, among, within }: JsonField): boolean {
  const members = within === 'compare' ? OPERAND : within === '' ? OF_A_WATCH : OPERATION
  return members.test(name) && Object.keys(among).filter((one) => members.test(one)).length > 1
}
