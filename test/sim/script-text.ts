/**
 * A scenario as a small text that can be read, edited and kept: who there is, then one event a line.
 * Lines that begin with # say why it is kept.
 *
 *   bug     the planted bug that it must find
 *   voters 1,2,3
 *   limits maxAppendBytes=20
 *   seed 17
 *
 *   propose 1 0
 *   deliver 12 0
 */

import type { ClusterOptions, Event, Scenario } from './scenario.js'

export interface Script extends Scenario {
  /** The name of the planted bug that makes it fail. */
  readonly bug: string | undefined
}

export function formatScript({ cluster, events, bug }: Script): string {
  const { voters, learners = [], spares = [], limits = {}, seed } = cluster
  const limitList = Object.entries(limits).map(([name, value]) => `${name}=${value}`)
  const lines: readonly (readonly [keyword: string, value: string])[] = [
    ['bug', bug ?? ''],
    ['voters', voters.join()],
    ['learners', learners.join()],
    ['spares', spares.join()],
    ['limits', limitList.join()],
    ['seed', seed === undefined ? '' : `${seed}`],
  ]
  const head = lines.filter(([, value]) => value !== '').map((line) => line.join(' '))
  return [...head, '', ...events.map((event) => event.join(' ')), ''].join('\n')
}

/** @throws when a line is not an event */
export function parseScript(text: string): Script {
  const head = new Map<string, string>()
  const events: Event[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [word = '', ...rest] = line.split(' ')
    if (KEYWORDS.includes(word)) head.set(word, rest.join(' '))
    else events.push([word, numberOf(rest[0], line), numberOf(rest[1], line)])
  }
  return { bug: head.get('bug'), cluster: clusterOf(head), events }
}

const KEYWORDS: readonly string[] = ['bug', 'voters', 'learners', 'spares', 'limits', 'seed']

function clusterOf(head: ReadonlyMap<string, string>): ClusterOptions {
  const list = (keyword: string): string[] => head.get(keyword)?.split(',') ?? []
  return {
    voters: list('voters'),
    learners: list('learners'),
    spares: list('spares'),
    limits: limitsOf(list('limits')),
    seed: Number(head.get('seed') ?? 0),
  }
}

function limitsOf(words: readonly string[]): Record<string, number> {
  const limits: Record<string, number> = {}
  for (const word of words) {
    const [name = '', value] = word.split('=')
    limits[name] = numberOf(value, word)
  }
  return limits
}

function numberOf(word: string | undefined, line: string): number {
  const number = Number(word)
  if (!Number.isSafeInteger(number)) throw new Error(`this is not an event: ${line}`)
  return number
}
