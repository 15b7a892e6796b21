/** What the members have told about themselves: few rows, rarely written. */

import { asc } from 'drizzle-orm'
import type { PublishedMember } from '../state-machine/command.js'
import type { MemberStore } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { members } from './state-schema.js'

const NO_DIRECTORY = { directoryId: null, generation: null, generationId: null }

export class MemberRows implements MemberStore {
  readonly #db: Connection['db']

  constructor({ db }: Connection) {
    this.#db = db
  }

  all(): readonly PublishedMember[] {
    return this.#db.select().from(members).orderBy(asc(members.id)).all().map(memberOf)
  }

  save({ id, name, clientUrls, directory }: PublishedMember): void {
    const told = { name, clientUrls, ...(directory ?? NO_DIRECTORY) }
    const insert = this.#db.insert(members).values({ id, ...told })
    insert.onConflictDoUpdate({ target: members.id, set: told }).run()
  }
}

function memberOf(row: typeof members.$inferSelect): PublishedMember {
  const { id, name, clientUrls, directoryId, generation, generationId } = row
  if (directoryId === null || generation === null || generationId === null) {
    return { id, name, clientUrls }
  }
  return { id, name, clientUrls, directory: { directoryId, generation, generationId } }
}
