/**
 * The kinds of values that `serve` can be given. Each reads the text of a flag or a variable and the
 * JSON of a config file; undefined means that the value is not of the kind.
 */

import type { LogLevel } from '@holdfast/coordinator'

export interface SettingKind<T> {
  /** Completes "must be …". */
  readonly expected: string
  fromText(text: string): T | undefined
  fromJson(json: unknown): T | undefined
}

export const text: SettingKind<string> = {
  expected: 'a text',
  fromText: (value) => value,
  fromJson: (json) => (typeof json === 'string' ? json : undefined),
}

export const count: SettingKind<number> = {
  expected: 'a whole number',
  fromText: (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined),
  fromJson: (json) => (Number.isSafeInteger(json) ? Number(json) : undefined),
}

export const integer: SettingKind<number> = {
  expected: 'a whole number, perhaps negative',
  fromText: (value) => (/^-?\d{1,15}$/.test(value) ? Number(value) : undefined),
  fromJson: (json) => (Number.isSafeInteger(json) ? Number(json) : undefined),
}

export const yesOrNo: SettingKind<boolean> = {
  expected: 'true or false',
  fromText: (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
  fromJson: (json) => (typeof json === 'boolean' ? json : undefined),
}

export const milliseconds: SettingKind<number> = {
  ...count,
  expected: 'a whole number of milliseconds',
}

const CLUSTER_STATES = ['new', 'existing'] as const
const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug']

export const logLevel: SettingKind<LogLevel> = {
  expected: `one of ${LOG_LEVELS.join(', ')}`,
  fromText: (value) => LOG_LEVELS.find((level) => level === value),
  fromJson: (json) => LOG_LEVELS.find((level) => level === json),
}

const COMPACTION_MODES = ['periodic', 'revision'] as const

export const compactionMode: SettingKind<'periodic' | 'revision'> = {
  expected: 'periodic or revision',
  fromText: (value) => COMPACTION_MODES.find((mode) => mode === value),
  fromJson: (json) => COMPACTION_MODES.find((mode) => mode === json),
}

export const clusterState: SettingKind<'new' | 'existing'> = {
  expected: 'new or existing',
  fromText: (value) => CLUSTER_STATES.find((state) => state === value),
  fromJson: (json) => CLUSTER_STATES.find((state) => state === json),
}

export const urlList: SettingKind<readonly string[]> = {
  expected: 'one or more URLs',
  fromText: (value) => nonEmpty(value.split(',').map((url) => url.trim())),
  fromJson: (json) => (isArrayOfText(json) ? nonEmpty(json) : undefined),
}

export const cluster: SettingKind<Readonly<Record<string, string>>> = {
  expected: 'the name and peer URL of every member, each name once (as text: name=url,name=url)',
  fromText: parseCluster,
  fromJson: (json) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
    const members = Object.entries(json as Readonly<Record<string, unknown>>)
    const valid = members.length > 0 && members.every(([, url]) => typeof url === 'string')
    return valid ? (json as Readonly<Record<string, string>>) : undefined
  },
}

function parseCluster(value: string): Readonly<Record<string, string>> | undefined {
  const members = new Map<string, string>()
  for (const part of value.split(',')) {
    const at = part.indexOf('=')
    const name = part.slice(0, at).trim()
    if (at < 0 || name === '' || members.has(name)) return undefined
    members.set(name, part.slice(at + 1).trim())
  }
  return Object.fromEntries(members)
}

const isArrayOfText = (json: unknown): json is readonly string[] =>
  Array.isArray(json) && json.every((item) => typeof item === 'string')

const nonEmpty = (urls: readonly string[]): readonly string[] | undefined =>
  urls.length > 0 && urls.every((url) => url !== '') ? urls : undefined
