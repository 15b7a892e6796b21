/** That the memory of a process stays flat: its last quarter against its first, after a warm-up. */

export interface MemoryVerdict {
  readonly isFlat: boolean
  /** Too few samples say nothing, as a process grows while it gets warm. */
  readonly isJudged: boolean
  /** In MiB. */
  readonly minimum: number
  readonly maximum: number
  readonly quarters: readonly number[]
}

const WARM_UP = 0.1
const MOST_GROWTH = 1.2
const MOST_GROWTH_MIB = 30
const MIB = 1024 * 1024

/** @param leastSamples below which nothing is said */
export function judgeMemory(rssBytes: readonly number[], leastSamples: number): MemoryVerdict {
  const samples = rssBytes.map((bytes) => bytes / MIB).slice(Math.floor(rssBytes.length * WARM_UP))
  const quarters = [0, 1, 2, 3].map((quarter) => {
    const from = Math.floor((samples.length * quarter) / 4)
    return mean(samples.slice(from, Math.floor((samples.length * (quarter + 1)) / 4)))
  })
  const [firstQuarter = 0, , , lastQuarter = 0] = quarters
  const hasGrown =
    lastQuarter > firstQuarter * MOST_GROWTH && lastQuarter > firstQuarter + MOST_GROWTH_MIB
  const isJudged = rssBytes.length >= leastSamples
  return {
    ...{ isFlat: !isJudged || !hasGrown, isJudged, quarters },
    minimum: samples.reduce((least, one) => Math.min(least, one), Infinity),
    maximum: samples.reduce((most, one) => Math.max(most, one), 0),
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / Math.max(1, numbers.length)
}
