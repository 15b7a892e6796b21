/** What the members have told about themselves: few rows, rarely written. */

import { asc } from 'drizzle-orm'
import type { PublishedMember } from '../state-machine/command.js'
import type { MemberStore } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { members } from './state-schema.js'

export class MemberRows implements MemberStore {
  readonly #db: Connection['db']

  constructor({ db }: Connection) {
    this.#db = db
  }

  all(): readonly PublishedMember[] {
    return this.#db.select().from(members).orderBy(asc(members.id)).all()
  }

  save({ id, name, clientUrls }: PublishedMember): void {
    const told = { name, clientUrls }
    const insert = this.#db.insert(members).values({ id, ...told })
    insert.onConflictDoUpdate({ target: members.id, set: told }).run()
  }
}
