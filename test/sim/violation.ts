/** A run that violates something: the complaint, its kind, and the line that shows it again. */

import { execFileSync } from 'node:child_process'
import type { CoreBuild } from './core-build.js'
import type { Scenario } from './scenario.js'

/** What a run complains of, or undefined if it keeps all promises. */
export function complaintOf(core: CoreBuild, scenario: Scenario): string | undefined {
  try {
    core.runScenario(scenario)
    return undefined
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return text.split('\n', 1)[0] ?? ''
  }
}

/** The complaint without its numbers: two runs that differ only in them show the same thing. */
export function kindOf(complaint: string): string {
  return complaint.replace(/\d+(, \d+)*/g, '#')
}

export function replayLine(seed: number, level: 'core' | 'node' = 'core'): string {
  return `at ${commit()}: npm run sim -- --level ${level} --seed ${seed} --once`
}

function commit(): string {
  try {
    const options = { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' } as const
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim()
  } catch {
    return 'an unknown commit'
  }
}
