/** The alarms that are raised: hardly ever any, and looked at before every command. */

import { and, asc, eq } from 'drizzle-orm'
import type { Alarm } from '../state-machine/command.js'
import type { AlarmStore } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { alarms } from './state-schema.js'

export class AlarmRows implements AlarmStore {
  readonly #db: Connection['db']
  /** What the table holds. A transaction that fails ends its member, and this with it. */
  #all: readonly Alarm[]

  constructor({ db }: Connection) {
    this.#db = db
    this.#all = this.#read()
  }

  all(): readonly Alarm[] {
    return this.#all
  }

  add(alarm: Alarm): void {
    this.#db.insert(alarms).values(alarm).run()
    this.#all = this.#read()
  }

  remove({ memberId, type }: Alarm): void {
    const isIt = and(eq(alarms.memberId, memberId), eq(alarms.type, type))
    this.#db.delete(alarms).where(isIt).run()
    this.#all = this.#read()
  }

  #read(): readonly Alarm[] {
    return this.#db.select().from(alarms).orderBy(asc(alarms.memberId), asc(alarms.type)).all()
  }
}
