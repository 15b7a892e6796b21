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

const everything: readonly {
  readonly key: keyof ServeSettings
  readonly flag: string
  readonly variable: string
  /** Three different texts, for the flag, the variable and the file. */
  readonly texts: readonly [string, string, string]
  readonly read: (text: string) => unknown
}[] = [
  ['name', '--name', 'HOLDFAST_NAME', ['a', 'b', 'c']],
  ['dataDirectory', '--data-dir', 'HOLDFAST_DATA_DIR', ['/a', '/b', '/c']],
  ['clientUrl', '--client-url', 'HOLDFAST_CLIENT_URL', ['http://a:1', 'http://b:1', 'http://c:1']],
  ['peerUrl', '--peer-url', 'HOLDFAST_PEER_URL', ['http://a:1', 'http://b:1', 'http://c:1']],
  ['clusterToken', '--cluster-token', 'HOLDFAST_CLUSTER_TOKEN', ['a', 'b', 'c']],
  ['logLevel', '--log-level', 'HOLDFAST_LOG_LEVEL', ['debug', 'silent', 'error']],
]
  .map(([key, flag, variable, texts]) => ({ key, flag, variable, texts, read: (t: string) => t }))
  .concat([
    {
      key: 'heartbeatIntervalMs',
      flag: '--heartbeat-interval-ms',
      variable: 'HOLDFAST_HEARTBEAT_INTERVAL_MS',
      texts: ['20', '30', '40'],
      read: Number,
    },
    {
      key: 'electionTimeoutMs',
      flag: '--election-timeout-ms',
      variable: 'HOLDFAST_ELECTION_TIMEOUT_MS',
      texts: ['200', '300', '400'],
      read: Number,
    },
    {
      key: 'advertisedClientUrls',
      flag: '--advertise-client-url',
      variable: 'HOLDFAST_ADVERTISE_CLIENT_URL',
      texts: ['http://a:1,http://b:1', 'http://c:1', 'http://d:1'],
      read: (text: string) => text.split(','),
    },
    {
      key: 'initialCluster',
      flag: '--initial-cluster',
      variable: 'HOLDFAST_INITIAL_CLUSTER',
      texts: ['a=http://a:1,b=http://b:1', 'c=http://c:1', 'd=http://d:1'],
      read: (text: string) => Object.fromEntries(text.split(',').map((part) => part.split('='))),
    },
  ]) as never

describe('the sources of $key', () => {
  test.each(everything)('of $key rank: flag, environment, file', (setting) => {
    const { key, flag, variable, texts, read } = setting
    const [inFlag, inEnv, inFile] = texts
    const config = ['--config', configFile({ [key]: read(inFile) })]
    const env = { [variable]: inEnv }
    expect(resolve([...config, flag, inFlag], env)[key]).toEqual(read(inFlag))
    expect(resolve(config, env)[key]).toEqual(read(inEnv))
    expect(resolve(config)[key]).toEqual(read(inFile))
    expect(resolve([], env)[key]).toEqual(read(inEnv))
    expect(resolve([flag, inFlag])[key]).toEqual(read(inFlag))
  })

  test('are all covered here', () => {
    const flags = serveOptions.map(({ long }) => long)
    expect([...everything.map(({ flag }) => flag), '--config'].sort()).toEqual(flags.sort())
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
