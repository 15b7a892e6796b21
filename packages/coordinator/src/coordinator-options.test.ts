/** Options: their defaults, and one clear line for each that makes no sense. */

import { describe, expect, it } from 'vitest'
import {
  CoordinatorOptionsError,
  resolveOptions,
  type CoordinatorOptions,
} from './coordinator-options.js'

const DATA = { dataDirectory: './data' }
/** Where it is not about who may reach it. */
const OPEN = { ...DATA, allowUnauthenticated: true }

function refusal(options: Partial<CoordinatorOptions>): string | undefined {
  try {
    resolveOptions({ ...OPEN, ...options })
    return undefined
  } catch (error) {
    if (!(error instanceof CoordinatorOptionsError)) throw error
    return error.message
  }
}

describe('the defaults', () => {
  it('are those of etcd, for a member alone', () => {
    expect(resolveOptions(DATA)).toEqual({
      dataDirectory: './data',
      name: 'default',
      clientUrl: 'http://127.0.0.1:2379',
      peerUrl: 'http://127.0.0.1:2380',
      initialCluster: { default: 'http://127.0.0.1:2380' },
      initialClusterState: 'new',
      clusterToken: 'holdfast-cluster',
      heartbeatIntervalMs: 100,
      electionTimeoutMs: 1_000,
      snapshotCatchUpEntries: 5_000,
      quotaBackendBytes: 0,
      autoCompactionMode: 'periodic',
      autoCompactionRetention: '0',
      allowUnauthenticated: false,
      logLevel: 'silent',
    })
  })

  it('take the peer URL from the list, and the list from the peer URL', () => {
    const initialCluster = { a: 'http://h:1', b: 'http://h:2' }
    expect(resolveOptions({ ...OPEN, name: 'b', initialCluster }).peerUrl).toBe('http://h:2')
    expect(resolveOptions({ ...OPEN, name: 'b', peerUrl: 'http://h:3' }).initialCluster).toEqual({
      b: 'http://h:3',
    })
  })

  it('also stand for what is given as undefined', () => {
    const options = { ...DATA, name: undefined, clientUrl: undefined, electionTimeoutMs: undefined }
    expect(resolveOptions(options as unknown as CoordinatorOptions)).toEqual(resolveOptions(DATA))
  })

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(resolveOptions(DATA))).toBe(true)
  })
})

it('a data directory that is undefined is missing, too', () => {
  const options = { dataDirectory: undefined } as unknown as CoordinatorOptions
  expect(() => resolveOptions(options)).toThrow('the data directory is missing')
})

describe('what is given', () => {
  it('stands', () => {
    const onFatal = (): void => undefined
    const options: Required<CoordinatorOptions> = {
      dataDirectory: '/var/lib/holdfast',
      name: 'a',
      clientUrl: 'http://0.0.0.0:0',
      advertisedClientUrls: ['http://public:2379', 'http://other:2379/'],
      peerUrl: 'http://host:2380',
      initialCluster: { a: 'http://host:2380', b: 'http://host:2381' },
      initialClusterState: 'existing',
      clusterToken: 'x',
      heartbeatIntervalMs: 10,
      electionTimeoutMs: 50,
      snapshotCatchUpEntries: 7,
      quotaBackendBytes: 100_000,
      autoCompactionMode: 'revision',
      autoCompactionRetention: '1000',
      allowUnauthenticated: true,
      logLevel: 'debug',
      onFatal,
    }
    expect(resolveOptions(options)).toEqual(options)
  })

  it.each<[string, Partial<CoordinatorOptions>]>([
    ['a URL with a slash at its end', { clientUrl: 'http://h:1/' }],
    ['a URL without a port', { clientUrl: 'http://h' }],
    ['an IPv6 address', { clientUrl: 'http://[::1]:2379' }],
    [
      'the own URL spelled differently',
      { name: 'a', peerUrl: 'http://H:80/', initialCluster: { a: 'http://h' } },
    ],
    ['the shortest election', { heartbeatIntervalMs: 10, electionTimeoutMs: 50 }],
    ['the longest election', { electionTimeoutMs: 50_000 }],
    ['a name from the prototype of objects', { name: 'constructor' }],
    ['another', { name: '__proto__', peerUrl: 'http://h:1' }],
  ])('%s is accepted', (_, options) => {
    expect(refusal(options)).toBeUndefined()
  })
})

describe('without credentials', () => {
  it.each<[Partial<CoordinatorOptions>]>([
    [{ clientUrl: 'http://localhost:1' }],
    [{ clientUrl: 'http://127.255.0.1:1', peerUrl: 'http://[::1]:2' }],
    [{ advertisedClientUrls: ['http://proxy:1'] }],
  ])('a member that only this machine reaches serves: %j', (options) => {
    expect(refusal({ allowUnauthenticated: false, ...options })).toBeUndefined()
  })

  it.each<[string, Partial<CoordinatorOptions>]>([
    ['http://0.0.0.0:2379', { clientUrl: 'http://0.0.0.0:2379' }],
    ['http://[::]:1', { clientUrl: 'http://[::]:1' }],
    ['http://127.0.0.1.example.com:1', { clientUrl: 'http://127.0.0.1.example.com:1' }],
    ['http://localhost.example.com:1', { clientUrl: 'http://localhost.example.com:1' }],
    ['http://10.0.0.1:2380', { peerUrl: 'http://10.0.0.1:2380' }],
  ])('one at %s does not, unless that is said in plain words', (url, options) => {
    const refused = refusal({ ...options, allowUnauthenticated: false })
    expect(refused).toContain(`whoever reaches ${url} could read and change everything`)
    expect(refused).toContain('--allow-unauthenticated')
    expect(refusal(options)).toBeUndefined()
  })
})

describe('what makes no sense', () => {
  const url = (what: string, text: string): string =>
    `${what} must look like http://host:port, not "${text}"`
  const cluster = { a: 'http://h:1', b: 'http://h:2' }

  it.each<[Partial<CoordinatorOptions>, string]>([
    [{ dataDirectory: '' }, 'the data directory is missing'],
    [{ name: '' }, 'the name is empty'],
    [{ name: 'a\nb' }, 'a name must have no control characters in it'],
    [
      { name: 'a', initialCluster: { a: 'http://h:1', ['b\u001b[31m']: 'http://h:2' } },
      'a name must have no control characters in it',
    ],
    [{ clientUrl: 'h:2379' }, url('clientUrl', 'h:2379')],
    [{ clientUrl: '' }, url('clientUrl', '')],
    [{ clientUrl: 'https://h:1' }, url('clientUrl', 'https://h:1')],
    [{ clientUrl: 'http://h:1/v3' }, url('clientUrl', 'http://h:1/v3')],
    [{ clientUrl: 'http://h:1?x' }, url('clientUrl', 'http://h:1?x')],
    [{ clientUrl: 'http://h:1#x' }, url('clientUrl', 'http://h:1#x')],
    [{ clientUrl: 'http://user:word@h:1' }, url('clientUrl', 'http://user:word@h:1')],
    [{ clientUrl: 'http://h:99999' }, url('clientUrl', 'http://h:99999')],
    [{ peerUrl: 'tcp://h:1' }, url('peerUrl', 'tcp://h:1')],
    [{ name: 'a', initialCluster: { ...cluster, c: 'x' } }, url('the peer URL of c', 'x')],
    [{ advertisedClientUrls: ['http://h:1', 'x'] }, url('an advertised client URL', 'x')],
    [{ advertisedClientUrls: [] }, 'the list of advertised client URLs is empty'],
    [{ name: 'c', initialCluster: cluster }, 'the initial cluster does not list this member, "c"'],
    [{ initialCluster: {} }, 'the initial cluster does not list this member, "default"'],
    [
      { name: 'toString', initialCluster: cluster },
      'the initial cluster does not list this member, "toString"',
    ],
    [
      { name: 'a', peerUrl: 'http://h:9', initialCluster: cluster },
      'the initial cluster gives "a" the peer URL http://h:1, but it listens at http://h:9',
    ],
    [
      { name: 'a', initialCluster: { a: 'http://h:80', b: 'http://H/' } },
      'two members of the initial cluster share a peer URL',
    ],
    [
      { name: 'a', initialCluster: { a: 'http://h:0', b: 'http://h:1' } },
      'the peer URL of a must name a port, because others must find it there',
    ],
    [{ heartbeatIntervalMs: 9 }, 'the heartbeat interval must be a whole number of at least 10 ms'],
    [
      { heartbeatIntervalMs: 10.5 },
      'the heartbeat interval must be a whole number of at least 10 ms',
    ],
    [
      { heartbeatIntervalMs: NaN },
      'the heartbeat interval must be a whole number of at least 10 ms',
    ],
    [
      { electionTimeoutMs: 499 },
      'the election timeout must be at least 5 heartbeat intervals, or a late heartbeat deposes leaders',
    ],
    [
      { electionTimeoutMs: Infinity },
      'the election timeout must be at least 5 heartbeat intervals, or a late heartbeat deposes leaders',
    ],
    [{ electionTimeoutMs: 50_001 }, 'the election timeout must not exceed 50,000 ms'],
    [
      { logLevel: 'loud' as 'info' },
      'the log level must be one of silent, error, warn, info, debug, not "loud"',
    ],
  ])('%j', (options, message) => {
    expect(refusal(options)).toBe(message)
    expect(message).not.toContain('\n')
  })
})
