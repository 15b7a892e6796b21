/**
 * A seed decides a run, whatever process it runs in: traces of this one and of a fresh one, with
 * another seed for V8's hashes and with garbage collected at any moment, are compared.
 */

import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { buildCore } from './core-build.js'

const program = join(import.meta.dirname, '../dist/sim/main.js')
const SEEDS = 10

it('a seed has one trace, here and in a fresh process under random garbage collections', async () => {
  const core = await buildCore()
  const here = Array.from({ length: SEEDS }, (_, at) => `seed ${at} trace ${core.traceHash(at)}`)
  rmSync(core.directory, { recursive: true })
  expect(new Set(here.map((line) => line.split(' ').at(-1))).size).toBe(SEEDS)

  const flags = ['--expose-gc', '--hash-seed=20261121', '--random-seed=7']
  const args = [...flags, program, '--seed', '0', '--count', `${SEEDS}`]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout.trim().split('\n')).toEqual(here)
})
