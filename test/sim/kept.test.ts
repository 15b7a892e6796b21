/**
 * The scripts in `kept/`, each what is left of a failing run: the core of today keeps its promises in
 * all of them, and with the bug that a script names it would not.
 */

import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { buildCore } from './core-build.js'
import { PLANTED_BUGS } from './planted-bugs.js'
import { formatScript, parseScript, type Script } from './script-text.js'
import { complaintOf } from './violation.js'

const directory = join(import.meta.dirname, 'kept')

const core = await buildCore()
afterAll(() => rmSync(core.directory, { recursive: true }))

async function complaintWithBug(script: Script): Promise<string | undefined> {
  const bug = PLANTED_BUGS.find(({ name }) => name === script.bug)
  if (bug === undefined) throw new Error(`no planted bug is called ${script.bug ?? ''}`)
  const planted = await buildCore(bug)
  const found = complaintOf(planted, script)
  rmSync(planted.directory, { recursive: true })
  return found
}

describe.each(readdirSync(directory))('%s', (file) => {
  const text = readFileSync(join(directory, file), 'utf8')
  const script = parseScript(text)

  it('violates nothing', () => {
    expect(complaintOf(core, script)).toBeUndefined()
  })

  it.runIf(script.bug !== undefined)('finds the bug that it names', async () => {
    expect(await complaintWithBug(script)).toBeDefined()
  })

  it('is written as it is read', () => {
    const withoutRemarks = text.replace(/^#.*\n/gm, '')
    expect(formatScript(script)).toBe(withoutRemarks)
  })
})
