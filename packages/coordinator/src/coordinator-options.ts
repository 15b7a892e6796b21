/** Everything that can be set about a coordinator, checked and defaulted in one place. */

import { compactionPolicyOf } from './compaction-policy.js'
import type { CompactionPolicy } from './node/auto-compaction.js'
import { KEPT_ENTRIES } from './node/log-cutter.js'

/** etcd's default. */
const DEFAULT_QUOTA_BYTES = 2 * 1024 * 1024 * 1024

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u

export interface CoordinatorOptions {
  /** Where the log and the state are kept; created if missing. One process and member only. */
  readonly dataDirectory: string
  /**
   * Which of the initial cluster this member is, and what lists of members call it. Members that join
   * later may have a name that is taken: only ids tell members apart. Default `default`.
   */
  readonly name?: string
  /** Where clients are served. Port 0 takes a free one. Default `http://127.0.0.1:2379`. */
  readonly clientUrl?: string
  /** What clients are told to use instead of `clientUrl`, e.g. behind a proxy. */
  readonly advertisedClientUrls?: readonly string[]
  /** Where the other members reach this one. Default `http://127.0.0.1:2380`. */
  readonly peerUrl?: string
  /**
   * Every member's name and peer URL, the same on every member and at every start: the members' ids
   * and the cluster's follow from it. Default: this member alone.
   */
  readonly initialCluster?: Readonly<Record<string, string>>
  /**
   * `existing` for a member that was added to a running cluster: what it is told there holds then. The
   * initial cluster may then list any of the members, to be asked, and no others. Default `new`.
   */
  readonly initialClusterState?: 'new' | 'existing'
  /** Tells clusters with equal member lists apart. Default `holdfast-cluster`. */
  readonly clusterToken?: string
  /** A leader's heartbeat, in milliseconds. Default 100 (etcd's). */
  readonly heartbeatIntervalMs?: number
  /**
   * How long a follower waits for its leader before an election, in milliseconds; drawn anew from
   * [n, 2n). At least 5 heartbeats. Default 1,000 (etcd's).
   */
  readonly electionTimeoutMs?: number
  /**
   * Entries of the log that are kept although a durable state holds them, for followers that were
   * away for a moment; one that was away for longer gets a snapshot. Default 5,000 (etcd's).
   */
  readonly snapshotCatchUpEntries?: number
  /**
   * How large the state may become, in bytes, before an alarm makes the cluster refuse what would make
   * it larger still. 0 means the default; a negative number: as large as the disk. Outcomes that are
   * remembered for retries, at most 64 MiB, come on top. Default 2 GiB (etcd's).
   */
  readonly quotaBackendBytes?: number
  /** Whether history is cut by time or by revisions. Default `periodic` (etcd's). */
  readonly autoCompactionMode?: 'periodic' | 'revision'
  /**
   * What is kept of history: hours, or a duration such as `72h` or `1h30m`; or a number of revisions.
   * Default `0`: all of it (etcd's).
   */
  readonly autoCompactionRetention?: string
  /**
   * Serve and listen for peers beyond this machine, although nobody has to say who he is: whoever
   * reaches the port may read and change everything. Default false: only loopback addresses.
   */
  readonly allowUnauthenticated?: boolean
  /** Default `silent`. Lines are JSON, on standard error. */
  readonly logLevel?: LogLevel
  /** Called when the member can no longer be trusted and has stopped. Default: throws. */
  readonly onFatal?: (error: Error) => void
}

export type CoordinatorConfig = Readonly<
  Required<Omit<CoordinatorOptions, 'advertisedClientUrls' | 'onFatal'>> &
    Pick<CoordinatorOptions, 'advertisedClientUrls' | 'onFatal'>
>

/** The options make no sense; the message is one line for the person who wrote them. */
export class CoordinatorOptionsError extends Error {
  override readonly name = 'CoordinatorOptionsError'
}

/** @throws {CoordinatorOptionsError} */
export function resolveOptions(options: CoordinatorOptions): CoordinatorConfig {
  const given = withoutUndefined(options)
  const { name = 'default', initialCluster: listed = {} } = given
  const ownUrl = Object.hasOwn(listed, name) ? listed[name] : undefined
  const peerUrl = given.peerUrl ?? ownUrl ?? 'http://127.0.0.1:2380'
  const config: CoordinatorConfig = Object.freeze({
    clientUrl: 'http://127.0.0.1:2379',
    initialCluster: { [name]: peerUrl },
    initialClusterState: 'new' as const,
    clusterToken: 'holdfast-cluster',
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1_000,
    snapshotCatchUpEntries: KEPT_ENTRIES,
    quotaBackendBytes: 0,
    autoCompactionMode: 'periodic' as const,
    autoCompactionRetention: '0',
    allowUnauthenticated: false,
    logLevel: 'silent' as const,
    ...given,
    name,
    peerUrl,
  })
  // Who does not write TypeScript may have passed what the environment does not have.
  check(Boolean(config.dataDirectory), 'the data directory is missing')
  check(name !== '', 'the name is empty')
  // They would make other lines than were meant of those that name a member.
  check(
    !Object.keys(config.initialCluster).some((one) => CONTROL.test(one)) && !CONTROL.test(name),
    'a name must have no control characters in it',
  )
  check(
    ['new', 'existing'].includes(config.initialClusterState),
    `the initial cluster state must be new or existing, not "${config.initialClusterState}"`,
  )
  checkLogLevel(config.logLevel)
  checkUrls(config)
  checkReach(config)
  checkCluster(config)
  checkTiming(config)
  check(
    Number.isInteger(config.snapshotCatchUpEntries) && config.snapshotCatchUpEntries >= 0,
    'the entries kept for followers to catch up must be a whole number',
  )
  checkCompaction(config)
  check(Number.isSafeInteger(config.quotaBackendBytes), 'the quota must be a whole number of bytes')
  return config
}

/** In bytes; Infinity for none. */
export function quotaOf({
  quotaBackendBytes,
}: Pick<CoordinatorConfig, 'quotaBackendBytes'>): number {
  if (quotaBackendBytes < 0) return Infinity
  return quotaBackendBytes === 0 ? DEFAULT_QUOTA_BYTES : quotaBackendBytes
}

/** Undefined: history is kept. */
export function compactionPolicy({
  autoCompactionMode: mode,
  autoCompactionRetention: retention,
}: CoordinatorConfig): CompactionPolicy | undefined {
  const policy = compactionPolicyOf(mode, retention)
  return policy === 'unreadable' ? undefined : policy
}

function checkCompaction(config: CoordinatorConfig): void {
  const { autoCompactionMode: mode, autoCompactionRetention: retention } = config
  check(
    ['periodic', 'revision'].includes(mode),
    `the mode of the automatic compaction must be periodic or revision, not "${mode}"`,
  )
  const what = mode === 'periodic' ? 'hours, or a duration like 72h' : 'a number of revisions'
  check(
    compactionPolicyOf(mode, retention) !== 'unreadable',
    `what the automatic compaction keeps must be ${what}, not "${retention}"`,
  )
}

/** Who writes `{ name: process.env.NAME }` means the default when there is none. */
function withoutUndefined(options: CoordinatorOptions): CoordinatorOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as unknown as CoordinatorOptions
}

function checkLogLevel(logLevel: LogLevel): void {
  const levels = LOG_LEVELS.join(', ')
  check(
    LOG_LEVELS.includes(logLevel),
    `the log level must be one of ${levels}, not "${logLevel as string}"`,
  )
}

function checkUrls(config: CoordinatorConfig): void {
  const { clientUrl, advertisedClientUrls, peerUrl, initialCluster } = config
  checkUrl('clientUrl', clientUrl)
  // Clients use these alone, so with none they could not reach this member.
  check(advertisedClientUrls?.length !== 0, 'the list of advertised client URLs is empty')
  for (const url of advertisedClientUrls ?? []) checkUrl('an advertised client URL', url)
  checkUrl('peerUrl', peerUrl)
  const members = Object.entries(initialCluster)
  for (const [member, url] of members) {
    checkUrl(`the peer URL of ${member}`, url)
    check(
      members.length === 1 || new URL(url).port !== '0',
      `the peer URL of ${member} must name a port, because others must find it there`,
    )
  }
}

/** Redis' protected mode: a store that is open to the Internet was never meant to be. */
function checkReach({ allowUnauthenticated, clientUrl, peerUrl }: CoordinatorConfig): void {
  const beyond = [clientUrl, peerUrl].find((url) => !isLoopback(url))
  check(
    allowUnauthenticated || beyond === undefined,
    `nobody has to say who he is, so whoever reaches ${beyond} could read and change everything: ` +
      'if only those can whom you trust, say so with --allow-unauthenticated (allowUnauthenticated)',
  )
}

/** Only this machine reaches it. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

function checkCluster({ name, peerUrl, initialCluster }: CoordinatorConfig): void {
  const listed = Object.hasOwn(initialCluster, name) ? initialCluster[name] : undefined
  check(listed !== undefined, `the initial cluster does not list this member, "${name}"`)
  check(
    normalize(listed) === normalize(peerUrl),
    `the initial cluster gives "${name}" the peer URL ${listed}, but it listens at ${peerUrl}`,
  )
  const urls = Object.values(initialCluster).map(normalize)
  check(new Set(urls).size === urls.length, 'two members of the initial cluster share a peer URL')
}

function checkTiming({ heartbeatIntervalMs, electionTimeoutMs }: CoordinatorConfig): void {
  check(
    Number.isInteger(heartbeatIntervalMs) && heartbeatIntervalMs >= 10,
    'the heartbeat interval must be a whole number of at least 10 ms',
  )
  check(
    Number.isInteger(electionTimeoutMs) && electionTimeoutMs >= 5 * heartbeatIntervalMs,
    'the election timeout must be at least 5 heartbeat intervals, or a late heartbeat deposes leaders',
  )
  check(electionTimeoutMs <= 50_000, 'the election timeout must not exceed 50,000 ms')
}

function checkUrl(what: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  check(
    url?.protocol === 'http:' && url.href === `${url.origin}/`,
    `${what} must look like http://host:port, not "${text}"`,
  )
}

function normalize(url: string): string {
  return new URL(url).origin
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CoordinatorOptionsError(message)
}
