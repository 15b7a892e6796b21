/** The names of all fields of all requests, in both spellings. */

import { routes } from '@holdfast/protocol'

type Schema = Readonly<{ properties?: Readonly<Record<string, unknown>> }>

export const fieldNames: readonly string[] = [
  ...new Set(Object.values(routes).flatMap(({ request }) => namesOf(request))),
]

function namesOf(request: (typeof routes)[keyof typeof routes]['request']): readonly string[] {
  const names: string[] = []
  const met = new Set<string>()
  const meet = (message: typeof request): object => {
    if (met.has(message.name)) return {}
    met.add(message.name)
    const { properties = {} } = message.describe(meet as never) as Schema
    names.push(...Object.keys(properties).flatMap((name) => [name, lowerCamelCase(name)]))
    return {}
  }
  meet(request)
  return names
}

function lowerCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
