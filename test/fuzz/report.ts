/** What a run has shown, for whoever started it. */

import { judgeMemory } from './memory.js'
import { replayCommand } from './options.js'
import type { FuzzRun } from './run.js'

/** About 50,000 inputs: a process has not become warm before. */
const LEAST_SAMPLES = 50

/**
 * Out of all that were sent again. Some take what others have made room for, about three in a thousand;
 * with many, a run would have shown nothing and found nothing wrong.
 */
const MOST_UNCOMPARED = 0.05

export interface Report {
  readonly text: string
  readonly isGood: boolean
}

export function reportOf(run: FuzzRun, leastSamples = LEAST_SAMPLES): Report {
  const { options, sent, resent, uncompared, seconds, tally, findings, rssBytes } = run
  const memory = judgeMemory(rssBytes, leastSamples)
  const isCompared = uncompared <= MOST_UNCOMPARED * resent
  const isGood = findings.areNone && memory.isFlat && isCompared
  const rss = memory.isJudged
    ? `RSS: ${memory.isFlat ? 'flat' : 'GROWN'}, means of the quarters after the warm-up ` +
      `${memory.quarters.map(mib).join(', ')}; from ${mib(memory.minimum)} to ${mib(memory.maximum)}`
    : `RSS: up to ${mib(memory.maximum)}; too few inputs to tell whether it is flat`
  const lines = [
    ...findings.lines,
    ...tally.lines(),
    ...[...findings.known].map(([name, count]) => `known, ${count} inputs: ${name}`),
    `${sent} inputs in ${seconds.toFixed(1)} s, ${Math.round(sent / seconds)} inputs/s; ` +
      `${resent} refused ones sent again and the state compared, ` +
      `${uncompared} of them in vain${isCompared ? '' : ', which is TOO MANY'}; ` +
      `${tally.unknown} of unknown outcome`,
    `violations ${findings.violations}, crashes ${findings.crashes}, ` +
      `other troubles ${findings.troubles}`,
    rss,
    `seed ${options.seed}; again: ${replayCommand(options)}`,
  ]
  return { text: lines.join('\n'), isGood }
}

function mib(number: number): string {
  return `${number.toFixed(0)} MiB`
}
