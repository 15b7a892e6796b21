import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { openConnection } from './connection.js'
import { readDirectoryIdentity } from './raft-database.js'
import { RAFT_MIGRATIONS } from './raft-schema.js'
import { openStateStore } from './sqlite-state-store.js'
import { STATE_MIGRATIONS } from './state-migrations.js'
import { append, entriesOf, entry, newDirectory, open } from './storage.test-support.js'
import { wayBack } from './way-back.js'
import { transactionsOf } from './transaction.js'

const HOLD_LOCK = `
  const Database = require('better-sqlite3')
  const client = new Database(process.argv[1])
  client.exec('BEGIN EXCLUSIVE')
  process.stdout.write('held')
  setInterval(() => undefined, 1000)`

const NOBODY = 65_534

const SWAP_ENTRIES = `
  UPDATE log SET log_index = -7 WHERE log_index = 7;
  UPDATE log SET log_index = 7 WHERE log_index = 8;
  UPDATE log SET log_index = 8 WHERE log_index = -7`

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

async function openedOnce(): Promise<string> {
  const directory = newDirectory()
  const storage = await open(directory)
  await append(storage, entriesOf(1, 20, 1))
  await storage.close()
  return directory
}

function change(path: string, statement: string): void {
  const client = new Database(path)
  client.exec(statement)
  client.close()
  rmSync(path.replace(/\.db$/, '.sums'), { force: true })
}

/** No permission keeps root out, so root becomes the directory's owner for a while. */
async function withoutPrivileges(directory: string, work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work()
  chmodSync(dirname(directory), 0o711)
  chownSync(directory, NOBODY, NOBODY)
  process.seteuid?.(NOBODY)
  try {
    await work()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a data directory', () => {
  it('is created for its owner only, with all its files', async () => {
    const directory = join(newDirectory(), 'deep', 'er')
    await open(directory)
    expect([mode(directory), mode(join(directory, '..'))]).toEqual(['700', '700'])
    const files = readdirSync(directory)
    expect(files).toEqual(expect.arrayContaining(['lock', 'raft.db', 'state.db', 'state.db-wal']))
    for (const file of files) expect(mode(join(directory, file)), file).toBe('600')
  })

  it('is nobody’s after a crash that left a database without tables, and can be used', async () => {
    const directory = newDirectory()
    mkdirSync(directory)
    const client = new Database(join(directory, 'raft.db'))
    client.pragma('journal_mode = WAL')
    client.close()
    expect(readDirectoryIdentity(directory)).toBeUndefined()
    await append(await open(directory), entriesOf(1, 1, 1))
  })

  it('is refused while another storage has it open (catalogue 38)', async () => {
    const directory = newDirectory()
    const first = await open(directory)
    await expect(open(directory)).rejects.toMatchObject({
      code: 'directoryInUse',
      message: `${directory} is in use by another process`,
    })
    // The attempt has not let go of the first one's lock.
    await expect(open(directory)).rejects.toMatchObject({ code: 'directoryInUse' })
    await append(first, entriesOf(1, 1, 1))
    await first.close()
    await open(directory)
  })

  it('is refused while another process has it, and free when that is killed', async () => {
    const directory = newDirectory()
    await (await open(directory)).close()
    const holder = spawn(process.execPath, ['-e', HOLD_LOCK, join(directory, 'lock')], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    await expect(open(directory)).rejects.toMatchObject({ code: 'directoryInUse' })
    holder.kill('SIGKILL')
    await new Promise((resolve) => holder.once('exit', resolve))
    await open(directory)
  })

  it.each([
    [{ clusterId: '10', memberId: '2' }, 'member 1 of cluster 10, not to member 2 of cluster 10'],
    [{ clusterId: '11', memberId: '1' }, 'member 1 of cluster 10, not to member 1 of cluster 11'],
  ])('is refused to %o', async (identity, message) => {
    const directory = await openedOnce()
    await expect(open(directory, { identity })).rejects.toMatchObject({
      code: 'foreignDirectory',
      message: expect.stringContaining(
        `${join(directory, 'raft.db')} belongs to ${message}: give each member`,
      ) as string,
    })
    await open(directory)
  })

  it('is refused with the state of another cluster', async () => {
    const directory = await openedOnce()
    change(join(directory, 'state.db'), `UPDATE position SET cluster_id = '77'`)
    await expect(open(directory)).rejects.toMatchObject({
      code: 'foreignDirectory',
      message: `${join(directory, 'state.db')} belongs to cluster 77, not to 10`,
    })
  })

  it.each([
    ['raft.db', RAFT_MIGRATIONS.length],
    ['state.db', STATE_MIGRATIONS.length],
  ])('is refused when %s has a newer format', async (file, newest) => {
    const directory = await openedOnce()
    change(join(directory, file), 'PRAGMA user_version = 99')
    await expect(open(directory)).rejects.toMatchObject({
      code: 'formatTooNew',
      message: `${join(directory, file)} has format 99, but this program reads formats up to ${newest}`,
    })
  })

  it('is refused when it cannot be written to', async () => {
    const directory = newDirectory()
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, 0o500)
    await withoutPrivileges(directory, async () => {
      await expect(open(directory)).rejects.toMatchObject({ code: 'notWritable' })
    })
  })

  it.skipIf(process.platform !== 'linux')('is refused where the system makes none', async () => {
    await expect(open('/proc/holdfast/data')).rejects.toMatchObject({ code: 'notWritable' })
  })

  it('is refused when its path is a file', async () => {
    const directory = newDirectory()
    writeFileSync(directory, '')
    await expect(open(directory)).rejects.toMatchObject({ code: 'notWritable' })
  })

  it.each(['raft.db', 'state.db', 'lock'])('is refused when %s is no database', async (file) => {
    const directory = await openedOnce()
    writeFileSync(join(directory, file), 'x'.repeat(10_000))
    rmSync(join(directory, 'state.sums'))
    await expect(open(directory)).rejects.toThrow('file is not a database')
  })

  it.each([
    ['a changed byte', `UPDATE log SET data = x'00' WHERE log_index = 7`, 7],
    ['a changed term', 'UPDATE log SET term = 2 WHERE log_index >= 7', 7],
    ['a missing entry', 'DELETE FROM log WHERE log_index = 7', 7],
    ['two entries exchanged', SWAP_ENTRIES, 7],
    ['a missing beginning', 'DELETE FROM log WHERE log_index < 7', 1],
  ])('is refused when its log has %s (catalogue 35)', async (_, damage, index) => {
    const directory = await openedOnce()
    change(join(directory, 'raft.db'), damage)
    const path = join(directory, 'raft.db')
    await expect(open(directory)).rejects.toMatchObject({
      code: 'damaged',
      message: `${path} is damaged at log entry ${index}: ${wayBack(directory, '1')}`,
    })
  })
})

it('a data directory is refused when its log has an intact entry of another log (catalogue 35)', async () => {
  const [directory, otherDirectory] = [newDirectory(), newDirectory()]
  for (const [at, path] of [directory, otherDirectory].entries()) {
    const storage = await open(path)
    // The logs differ in their first entry only.
    await append(storage, [entry(1, 1, `log ${at}`), ...entriesOf(2, 8, 1)])
    await storage.close()
  }
  const client = new Database(join(directory, 'raft.db'))
  client.exec(`ATTACH '${join(otherDirectory, 'raft.db')}' AS other;
    DELETE FROM log WHERE log_index = 5;
    INSERT INTO log SELECT * FROM other.log WHERE log_index = 5;`)
  client.close()
  await expect(open(directory)).rejects.toThrow('is damaged at log entry 5')
})

it('a defect of the program is not reported as one of the disk', () => {
  const defect = new TypeError('no such thing')
  const options = {
    path: ':memory:',
    get clusterId(): string {
      throw defect
    },
  }
  expect(() => openStateStore(options)).toThrow(defect)
})

describe('a connection', () => {
  it.each([
    ['full', 2],
    ['off', 0],
  ] as const)('opens in WAL mode at synchronous=%s, read back (catalogue 30)', (name, value) => {
    const directory = newDirectory()
    mkdirSync(directory)
    const { client } = openConnection(join(directory, 'x.db'), name)
    const pragma = (what: string): unknown => client.pragma(what, { simple: true })
    expect(pragma('synchronous')).toBe(value)
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('busy_timeout')).toBe(0)
    expect(pragma('wal_autocheckpoint')).toBe(0)
    client.close()
  })

  it.each(['full', 'off', 'readonly'] as const)(
    'to a database whose pages have another size is refused (%s): its checksums would be of no page',
    (name) => {
      const directory = newDirectory()
      mkdirSync(directory)
      const path = join(directory, 'x.db')
      const made = new Database(path)
      made.pragma('page_size = 8192')
      made.exec('CREATE TABLE t (x)')
      made.close()
      expect(() => openConnection(path, name)).toThrow('SQLite runs with page_size = 8192')
    },
  )

  it('rolls back and throws when the work of a transaction is asynchronous', () => {
    const connection = openConnection(':memory:', 'full')
    const { client } = connection
    client.exec('CREATE TABLE t (x)')
    const transact = transactionsOf(connection)
    const work = async (): Promise<void> => {
      client.exec('INSERT INTO t VALUES (1)')
      await Promise.resolve()
    }
    expect(() => transact(work)).toThrow('must not be asynchronous')
    expect(client.inTransaction).toBe(false)
    expect(client.prepare('SELECT * FROM t').all()).toEqual([])
  })
})
