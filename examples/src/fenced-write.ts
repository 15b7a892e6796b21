/**
 * A lock that protects a table outside of the cluster. No lock can stop a holder that was paused
 * while its session ran out and then writes after all; the table can, if each write brings the
 * lock's token and one that is lower than the largest seen is refused. Any database can do that which
 * says how many rows it changed; this is SQLite, through drizzle-orm.
 *
 *   node examples/dist/fenced-write.js [ENDPOINT...]
 */

import Database from 'better-sqlite3'
import { and, eq, lte } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { connect } from '@holdfast/client'
import { localCluster } from './local-cluster.js'

const account = sqliteTable('account', {
  id: text().primaryKey(),
  balance: integer().notNull(),
  /** Of the last who wrote. */
  token: integer().notNull(),
})

const sqlite = new Database(':memory:')
sqlite.exec(
  'CREATE TABLE account (id TEXT PRIMARY KEY, balance INTEGER NOT NULL, token INTEGER NOT NULL)',
)
const database = drizzle({ client: sqlite })
database.insert(account).values({ id: '42', balance: 100, token: 0 }).run()

/** True if the write was accepted: nobody with a later token has written before. */
function writeBalance(balance: number, fencingToken: number): boolean {
  const { changes } = database
    .update(account)
    .set({ balance, token: fencingToken })
    .where(and(eq(account.id, '42'), lte(account.token, fencingToken)))
    .run()
  return changes === 1
}

await using cluster = await localCluster()
const first = connect({ endpoints: cluster.endpoints, label: 'first' })
const second = connect({ endpoints: cluster.endpoints, label: 'second' })

const paused = await first.lock('account/42').acquire()
console.log(`the first holds the lock, token ${paused.fencingToken}, and is paused`)
// Its session runs out while it is paused, and its key goes. Here the key is deleted at once.
await second.kv.delete(paused.key)

await second.lock('account/42').run(({ fencingToken }) => {
  const accepted = writeBalance(90, fencingToken)
  console.log(`the second holds the lock, token ${fencingToken}: write accepted: ${accepted}`)
})
const late = writeBalance(150, paused.fencingToken)
console.log(`the first wakes up, token ${paused.fencingToken}: write accepted: ${late}`)

await first.close()
await second.close()
