/** The fields of the messages in a JSON value, at any depth. */

export interface JsonField {
  readonly name: string
  readonly value: unknown
  /** The object that holds it. */
  readonly among: Readonly<Record<string, unknown>>
  /** The name of the field that holds that object, or the list that it is an item of. */
  readonly within: string
}

export function fieldsOf(json: unknown, within = ''): readonly JsonField[] {
  if (Array.isArray(json)) return json.flatMap((item: unknown) => fieldsOf(item, within))
  if (typeof json !== 'object' || json === null) return []
  const among = json as Readonly<Record<string, unknown>>
  return Object.entries(among).flatMap(([name, value]) => [
    { name, value, among, within },
    ...fieldsOf(value, name),
  ])
}
