/** Fields made of others: a message inside a message, and a list. */

import { cannotUnmarshal, FieldProblem, kindOf, schemaRef, type Field } from './field.js'
import type { Message } from './message.js'

/**
 * A message. Absent is `undefined`, which differs from present and empty: that is written as `{}`.
 *
 * @param target a function, so that messages can contain each other.
 */
export function ref<T, In>(target: () => Message<T, In>): Field<T | undefined, In> {
  return {
    absent: undefined,
    wireName: undefined,
    read: (json) => target().read(json),
    isAbsent: () => false,
    write: (value) => target().write(value),
    describe(meet) {
      meet(target())
      return schemaRef(target().name)
    },
  }
}

/** The items of a list are always present, so one that equals the default is written too. */
export function repeated<T, In>(
  item: Field<T, In>,
): Field<readonly Exclude<T, undefined>[], readonly In[]> {
  type Item = Exclude<T, undefined>
  return {
    absent: [],
    wireName: undefined,
    read(json) {
      if (!Array.isArray(json)) {
        throw item.notAList?.(json) ?? cannotUnmarshal(kindOf(json), '[]json.RawMessage')
      }
      const items: Item[] = []
      for (let index = 0; index < json.length; index++) {
        try {
          // A message is `undefined` only when absent, and an item of a list cannot be.
          items.push(item.read(json[index]) as Item)
        } catch (error) {
          throw error instanceof FieldProblem ? error.within(`[${index}]`) : error
        }
      }
      return items
    },
    isAbsent: (value) => value.length === 0,
    write: (value) =>
      value.map((one, index) => {
        try {
          return item.write(one)
        } catch (error) {
          throw error instanceof FieldProblem ? error.within(`[${index}]`) : error
        }
      }),
    describe: (meet) => ({ type: 'array', items: item.describe(meet) }),
  }
}
