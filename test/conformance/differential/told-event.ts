/** What a watch was told, as far as it is looked at. */

export interface ToldEvent {
  readonly type: 'PUT' | 'DELETE'
  /** Each byte a character. */
  readonly key: string
  readonly revision: number
}

type Json = Readonly<Record<string, unknown>>

export function eventsOf(messages: readonly Json[]): readonly Json[] {
  return messages.flatMap(({ result }) => {
    const events = (result as Json | undefined)?.['events']
    return Array.isArray(events) ? (events as Json[]) : []
  })
}

export function toldEvent(event: Json): ToldEvent {
  const kv = event['kv'] as Json
  return {
    type: event['type'] === 'DELETE' ? 'DELETE' : 'PUT',
    key: Buffer.from(kv['key'] as string, 'base64').toString('latin1'),
    revision: Number(kv['mod_revision']),
  }
}

/** As it is told of a delete, when nobody knows any more what was there before. */
export function deleteEvent({ key, revision }: ToldEvent): Json {
  const kv = { key: Buffer.from(key, 'latin1').toString('base64'), mod_revision: String(revision) }
  return { type: 'DELETE', kv }
}
