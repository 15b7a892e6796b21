/** Whether a program is there, asked by running it once. */

import { spawnSync } from 'node:child_process'

export function missingProgram(program: string, versionArg = '--version'): string | undefined {
  const { error, status } = spawnSync(program, [versionArg], { stdio: 'ignore' })
  return error === undefined && status === 0 ? undefined : `${program} is not installed`
}

/** The first line that it says about its version, or undefined if it is not there. */
export function programVersion(program: string, versionArg = '--version'): string | undefined {
  const { stdout, status } = spawnSync(program, [versionArg], { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n')[0] : undefined
}
