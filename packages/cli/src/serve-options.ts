/**
 * The settings of `serve`, in one table from which the flags, the environment variables, the config
 * file's names and the help all follow. Precedence: flag > environment > config file > default.
 *
 * The variables are read here and not by commander, which knows only the process's own environment.
 */

import { readFileSync } from 'node:fs'
import type { CoordinatorOptions } from '@holdfast/coordinator'
import { Option } from 'commander'
import {
  cluster,
  clusterState,
  compactionMode,
  count,
  integer,
  logLevel,
  milliseconds,
  text,
  urlList,
  yesOrNo,
  type SettingKind,
} from './setting-kinds.js'
import { UsageError } from './usage-error.js'

export type ServeSettings = Omit<CoordinatorOptions, 'onFatal'>

interface Setting<T> {
  readonly flag: string
  readonly variable: string
  readonly help: string
  readonly kind: SettingKind<T>
}

const settings: { readonly [Key in keyof ServeSettings]-?: Setting<ServeSettings[Key]> } = {
  name: {
    flag: '--name <name>',
    variable: 'HOLDFAST_NAME',
    help: "this member's name, in --initial-cluster and in lists of members (default: default)",
    kind: text,
  },
  dataDirectory: {
    flag: '--data-dir <path>',
    variable: 'HOLDFAST_DATA_DIR',
    help: 'where the log and the state are kept; created if missing (default: <name>.holdfast)',
    kind: text,
  },
  clientUrl: {
    flag: '--client-url <url>',
    variable: 'HOLDFAST_CLIENT_URL',
    help: 'where clients are served; port 0 takes a free one (default: http://127.0.0.1:2379)',
    kind: text,
  },
  peerUrl: {
    flag: '--peer-url <url>',
    variable: 'HOLDFAST_PEER_URL',
    help: 'where the other members reach this one (default: as --initial-cluster says)',
    kind: text,
  },
  advertisedClientUrls: {
    flag: '--advertise-client-url <urls>',
    variable: 'HOLDFAST_ADVERTISE_CLIENT_URL',
    help: 'what clients are told to use instead of --client-url; a comma list',
    kind: urlList,
  },
  initialCluster: {
    flag: '--initial-cluster <members>',
    variable: 'HOLDFAST_INITIAL_CLUSTER',
    help: 'name=peer-url of every member, the same text on each; a comma list (default: it alone)',
    kind: cluster,
  },
  initialClusterState: {
    flag: '--initial-cluster-state <state>',
    variable: 'HOLDFAST_INITIAL_CLUSTER_STATE',
    help: 'existing for a member that was added to a running cluster (default: new)',
    kind: clusterState,
  },
  clusterToken: {
    flag: '--cluster-token <token>',
    variable: 'HOLDFAST_CLUSTER_TOKEN',
    help: 'tells clusters with equal member lists apart (default: holdfast-cluster)',
    kind: text,
  },
  heartbeatIntervalMs: {
    flag: '--heartbeat-interval-ms <ms>',
    variable: 'HOLDFAST_HEARTBEAT_INTERVAL_MS',
    help: "a leader's heartbeat (default: 100)",
    kind: milliseconds,
  },
  electionTimeoutMs: {
    flag: '--election-timeout-ms <ms>',
    variable: 'HOLDFAST_ELECTION_TIMEOUT_MS',
    help: 'how long a follower waits for its leader; at least 5 heartbeats (default: 1000)',
    kind: milliseconds,
  },
  snapshotCatchUpEntries: {
    flag: '--snapshot-catchup-entries <count>',
    variable: 'HOLDFAST_SNAPSHOT_CATCHUP_ENTRIES',
    help: 'entries of the log that are kept for members that were away (default: 5000)',
    kind: count,
  },
  quotaBackendBytes: {
    flag: '--quota-backend-bytes <bytes>',
    variable: 'HOLDFAST_QUOTA_BACKEND_BYTES',
    help: 'how large the state may become; 0: 2 GiB; negative: as large as the disk (default: 0)',
    kind: integer,
  },
  autoCompactionMode: {
    flag: '--auto-compaction-mode <mode>',
    variable: 'HOLDFAST_AUTO_COMPACTION_MODE',
    help: 'whether history is cut by time or by revisions: periodic or revision (default: periodic)',
    kind: compactionMode,
  },
  autoCompactionRetention: {
    flag: '--auto-compaction-retention <kept>',
    variable: 'HOLDFAST_AUTO_COMPACTION_RETENTION',
    help: 'what is kept: hours, a duration like 72h, or a number of revisions (default: 0, all)',
    kind: text,
  },
  allowUnauthenticated: {
    flag: '--allow-unauthenticated',
    variable: 'HOLDFAST_ALLOW_UNAUTHENTICATED',
    help: 'serve beyond this machine, although whoever reaches it may read and change everything',
    kind: yesOrNo,
  },
  logLevel: {
    flag: '--log-level <level>',
    variable: 'HOLDFAST_LOG_LEVEL',
    help: 'silent, error, warn, info or debug; JSON lines on standard error (default: warn)',
    kind: logLevel,
  },
}

type SettingName = keyof typeof settings
const settingNames = Object.keys(settings) as SettingName[]
const CONFIG_VARIABLE = 'HOLDFAST_CONFIG'

const options: ReadonlyMap<SettingName, Option> = new Map(
  settingNames.map((name) => {
    const { flag, help, variable } = settings[name]
    return [name, new Option(flag, `${help} (env: ${variable})`)]
  }),
)

export const serveOptions: readonly Option[] = [
  ...options.values(),
  new Option(
    '--config <file>',
    `read settings from a JSON file: ${settingNames.join(', ')} (env: ${CONFIG_VARIABLE})`,
  ),
]

/** The flags of some settings, for other commands that need them. */
export function optionsFor(names: readonly SettingName[]): readonly Option[] {
  return names.flatMap((name) => options.get(name) ?? [])
}

export interface SettingSources {
  /** What commander parsed, by its attribute names. */
  readonly flags: Readonly<Record<string, unknown>>
  /** An empty variable counts as absent. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** @throws {UsageError} naming the flag, the variable or the name in the file that is wrong */
export function resolveServeSettings({ flags, env }: SettingSources): ServeSettings {
  const configFile = flags['config'] ?? nonEmpty(env[CONFIG_VARIABLE])
  const file = typeof configFile === 'string' ? readConfigFile(configFile) : {}
  const given: Partial<ServeSettings> = {}
  for (const name of settingNames) {
    const value = flagValue(name, flags) ?? variableValue(name, env) ?? file[name]
    if (value !== undefined) Object.assign(given, { [name]: value })
  }
  return { dataDirectory: `${given.name ?? 'default'}.holdfast`, logLevel: 'warn', ...given }
}

function flagValue(name: SettingName, flags: SettingSources['flags']): unknown {
  const option = options.get(name)
  const value = option === undefined ? undefined : flags[option.attributeName()]
  if (value === true) return true
  if (option?.long === undefined || typeof value !== 'string') return undefined
  return fromText(name, value, option.long)
}

function variableValue(name: SettingName, env: SettingSources['env']): unknown {
  const { variable } = settings[name]
  const value = nonEmpty(env[variable])
  return value === undefined ? undefined : fromText(name, value, variable)
}

function fromText(name: SettingName, value: string, source: string): unknown {
  const { kind } = settings[name]
  return kind.fromText(value) ?? refuse(source, kind.expected, value)
}

function readConfigFile(path: string): Partial<Record<SettingName, unknown>> {
  const json = parseFile(path)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UsageError(`${path} must hold one JSON object`)
  }
  const values: Partial<Record<SettingName, unknown>> = {}
  for (const [key, value] of Object.entries(json as Readonly<Record<string, unknown>>)) {
    const name = settingNames.find((known) => known === key)
    if (name === undefined) {
      throw new UsageError(
        `${path} has the unknown name "${key}"; known: ${settingNames.join(', ')}`,
      )
    }
    const { kind } = settings[name]
    const read = kind.fromJson(value)
    values[name] = read ?? refuse(`${path}: ${name}`, kind.expected, JSON.stringify(value))
  }
  return values
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(`${path} cannot be read as JSON: ${reason}`, { cause })
  }
}

function refuse(source: string, expected: string, value: string): never {
  throw new UsageError(`${source} must be ${expected}, not "${value}"`)
}

const nonEmpty = (value: string | undefined): string | undefined =>
  value === '' ? undefined : value
