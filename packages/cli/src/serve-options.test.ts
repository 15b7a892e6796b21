import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveServeSettings, serveOptions, type ServeSettings } from './serve-options.js'
import { UsageError } from './usage-error.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-options-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let files = 0
function configFile(content: unknown): string {
  const path = join(directory, `config-${files++}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** As `serve` would resolve them, through commander. */
function resolve(args: readonly string[], env: Record<string, string> = {}): ServeSettings {
  const command = new Command('serve')
  for (const option of serveOptions) command.addOption(option)
  command.parse(args, { from: 'user' })
  return resolveServeSettings({ flags: command.opts(), env })
}

/** Of each setting: its name, flag and variable, and texts for the flag, the variable, the file. */
const texts: readonly (readonly [keyof ServeSettings, string, string, readonly string[]])[] = [
  ['name', '--name', 'HOLDFAST_NAME', ['a', 'b', 'c']],
  ['dataDirectory', '--data-dir', 'HOLDFAST_DATA_DIR', ['/a', '/b', '/c']],
  ['clientUrl', '--client-url', 'HOLDFAST_CLIENT_URL', ['http://a:1', 'http://b:1', 'http://c:1']],
  ['peerUrl', '--peer-url', 'HOLDFAST_PEER_URL', ['http://a:1', 'http://b:1', 'http://c:1']],
  [
    'initialClusterState',
    '--initial-cluster-state',
    'HOLDFAST_INITIAL_CLUSTER_STATE',
    ['existing', 'new', 'existing'],
  ],
  ['clusterToken', '--cluster-token', 'HOLDFAST_CLUSTER_TOKEN', ['a', 'b', 'c']],
  ['logLevel', '--log-level', 'HOLDFAST_LOG_LEVEL', ['debug', 'silent', 'error']],
  [
    'heartbeatIntervalMs',
    '--heartbeat-interval-ms',
    'HOLDFAST_HEARTBEAT_INTERVAL_MS',
    ['2', '3', '4'],
  ],
  [
    'electionTimeoutMs',
    '--election-timeout-ms',
    'HOLDFAST_ELECTION_TIMEOUT_MS',
    ['20', '30', '40'],
  ],
  [
    'snapshotCatchUpEntries',
    '--snapshot-catchup-entries',
    'HOLDFAST_SNAPSHOT_CATCHUP_ENTRIES',
    ['0', '30', '40'],
  ],
  [
    'quotaBackendBytes',
    '--quota-backend-bytes',
    'HOLDFAST_QUOTA_BACKEND_BYTES',
    ['1048576', '-1', '0'],
  ],
  [
    'autoCompactionMode',
    '--auto-compaction-mode',
    'HOLDFAST_AUTO_COMPACTION_MODE',
    ['revision', 'periodic', 'revision'],
  ],
  [
    'autoCompactionRetention',
    '--auto-compaction-retention',
    'HOLDFAST_AUTO_COMPACTION_RETENTION',
    ['1000', '72h', '0'],
  ],
  [
    'advertisedClientUrls',
    '--advertise-client-url',
    'HOLDFAST_ADVERTISE_CLIENT_URL',
    ['http://a:1,http://b:1', 'http://c:1', 'http://d:1'],
  ],
  [
    'initialCluster',
    '--initial-cluster',
    'HOLDFAST_INITIAL_CLUSTER',
    ['a=http://a:1,b=http://b:1', 'c=http://c:1', 'd=http://d:1'],
  ],
]

const split = (text: string): readonly string[] => text.split(',')
/** What those texts mean, where it is not the text itself. */
const meanings: Partial<Record<keyof ServeSettings, (text: string) => unknown>> = {
  heartbeatIntervalMs: Number,
  electionTimeoutMs: Number,
  snapshotCatchUpEntries: Number,
  quotaBackendBytes: Number,
  advertisedClientUrls: split,
  initialCluster: (text) =>
    Object.fromEntries(split(text).map((part) => part.split('='))) as unknown,
}

const everything = texts.map(([key, flag, variable, values]) => ({
  ...{ key, flag, variable, values },
  read: meanings[key] ?? ((text: string): unknown => text),
}))

describe('the sources', () => {
  test.each(everything)('of $key rank: flag, environment, file', (setting) => {
    const { key, flag, variable, values, read } = setting
    const [inFlag = '', inEnv = '', inFile = ''] = values
    const config = ['--config', configFile({ [key]: read(inFile) })]
    const env = { [variable]: inEnv }
    expect(resolve([...config, flag, inFlag], env)[key]).toEqual(read(inFlag))
    expect(resolve(config, env)[key]).toEqual(read(inEnv))
    expect(resolve(config)[key]).toEqual(read(inFile))
    expect(resolve([], env)[key]).toEqual(read(inEnv))
    expect(resolve([flag, inFlag])[key]).toEqual(read(inFlag))
  })

  test('of allowUnauthenticated, which is said and not given a value, rank just so', () => {
    const [yes, no] = [['--allow-unauthenticated'], { HOLDFAST_ALLOW_UNAUTHENTICATED: 'false' }]
    const config = ['--config', configFile({ allowUnauthenticated: true })]
    expect(resolve([...config, ...yes], no)).toMatchObject({ allowUnauthenticated: true })
    expect(resolve(config, no)).toMatchObject({ allowUnauthenticated: false })
    expect(resolve(config)).toMatchObject({ allowUnauthenticated: true })
    expect(() => resolve([], { HOLDFAST_ALLOW_UNAUTHENTICATED: 'yes' })).toThrow('true or false')
  })

  test('are all covered here', () => {
    const known = [...everything.map(({ flag }) => flag), '--config', '--allow-unauthenticated']
    const flags = serveOptions.map(({ long }) => long)
    expect(known.sort()).toEqual(flags.sort())
  })
})

describe('what is given nowhere', () => {
  test('is left to the coordinator, but for a data directory after the name and warnings', () => {
    expect(resolve([])).toEqual({ dataDirectory: 'default.holdfast', logLevel: 'warn' })
    expect(resolve([], { HOLDFAST_NAME: 'm1' })).toMatchObject({ dataDirectory: 'm1.holdfast' })
  })

  test('includes empty variables', () => {
    expect(resolve([], { HOLDFAST_NAME: '', HOLDFAST_CONFIG: '' })).not.toHaveProperty('name')
  })
})

test('the config file may come from the environment', () => {
  const env = { HOLDFAST_CONFIG: configFile({ name: 'from-file' }) }
  expect(resolve([], env).name).toBe('from-file')
  expect(resolve(['--config', configFile({ name: 'other' })], env).name).toBe('other')
})

describe('refused with a line that names the culprit', () => {
  test.each([
    [['--heartbeat-interval-ms', '1s'], {}, /^--heartbeat-interval-ms must be .*, not "1s"$/],
    [['--initial-cluster', 'a'], {}, /^--initial-cluster must be /],
    [['--initial-cluster', 'a=http://x:1,a=http://y:1'], {}, /^--initial-cluster must be /],
    [['--initial-cluster', '=http://x:1'], {}, /^--initial-cluster must be /],
    [['--advertise-client-url', ''], {}, /^--advertise-client-url must be /],
    [[], { HOLDFAST_LOG_LEVEL: 'loud' }, /^HOLDFAST_LOG_LEVEL must be one of .*, not "loud"$/],
    [['--config', '/nonexistent'], {}, /^\/nonexistent cannot be read as JSON: ENOENT/],
  ])('%j %j', (args, env, message) => {
    expect(() => resolve(args, env as Record<string, string>)).toThrow(message)
    expect(() => resolve(args, env as Record<string, string>)).toThrow(UsageError)
  })

  test.each([
    ['{"name":', /cannot be read as JSON/],
    [[], /must hold one JSON object$/],
    [{ dataDir: '/x' }, /has the unknown name "dataDir"; known: name, dataDirectory/],
    [{ constructor: '/x' }, /has the unknown name "constructor"/],
    [{ heartbeatIntervalMs: '100' }, /: heartbeatIntervalMs must be .*, not "/],
    [{ initialCluster: 'a=http://x:1' }, /: initialCluster must be /],
    [{ initialCluster: { a: 1 } }, /: initialCluster must be /],
    [{ advertisedClientUrls: 'http://x:1' }, /: advertisedClientUrls must be /],
    [{ name: null }, /: name must be a text, not "null"/],
  ])('a file with %j', (content, message) => {
    const path = configFile(content)
    expect(() => resolve(['--config', path])).toThrow(message)
    expect(() => resolve(['--config', path])).toThrow(path)
  })
})
