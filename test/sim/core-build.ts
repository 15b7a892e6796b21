/** Compiles the core and its simulation into a directory of its own, with a bug planted if asked. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import type { PlantedBug } from './planted-bugs.js'
import type { Outcome, Scenario } from './scenario.js'

const source = join(findRoot(import.meta.dirname), 'packages/raft/src')

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
}

export interface CoreBuild {
  readonly directory: string
  readonly scenarioOf: (seed: number) => Scenario
  /** @throws what was violated */
  readonly runScenario: (scenario: Scenario) => Outcome
  /** The same run without composite events; see `simulation-expansion.test-support.ts`. */
  readonly expandScenario: (scenario: Scenario) => Scenario
  /** Of a run of this seed, whatever becomes of it; see `simulation-trace.test-support.ts`. */
  readonly traceHash: (seed: number, onStep?: () => void) => string
}

export async function buildCore(bug?: PlantedBug): Promise<CoreBuild> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-sim-'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(isNeeded)) {
    const planted = bug === undefined ? readSource(name) : plant(name, bug)
    const { outputText } = ts.transpileModule(planted, { compilerOptions })
    const target = join(directory, name.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, outputText)
  }
  const load = (name: string): Promise<Partial<CoreBuild>> => {
    const url = pathToFileURL(join(directory, `simulation-${name}.test-support.js`)).href
    return import(/* @vite-ignore */ url) as Promise<Partial<CoreBuild>>
  }
  const parts = await Promise.all(['seed', 'expansion', 'trace'].map(load))
  return Object.assign({ directory }, ...parts) as CoreBuild
}

/** This runs as TypeScript and as JavaScript, at different depths. */
function findRoot(directory: string): string {
  return existsSync(join(directory, 'pnpm-workspace.yaml'))
    ? directory
    : findRoot(dirname(directory))
}

function isNeeded(name: string): boolean {
  return name.endsWith('.ts') && !name.endsWith('.test.ts')
}

/** A file of the core. */
function readSource(name: string): string {
  return readFileSync(join(source, name), 'utf8')
}

/**
 * A file of the core with what the bug changes in it.
 * @throws when the source has changed so that the bug cannot be planted any more
 */
export function plant(name: string, bug: PlantedBug): string {
  let text = readSource(name)
  for (const { file, find, replace } of bug.edits) {
    if (file !== name) continue
    const parts = text.split(find)
    if (parts.length !== 2)
      throw new Error(`cannot plant “${bug.name}”: its place is not there once`)
    text = parts.join(replace)
  }
  return text
}
