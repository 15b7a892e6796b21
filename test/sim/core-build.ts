/** Compiles the core and its simulation into a directory of its own, with a bug planted if asked. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import type { PlantedBug } from './planted-bugs.js'

const source = join(findRoot(import.meta.dirname), 'packages/raft/src')

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
}

export interface CoreBuild {
  readonly directory: string
  /** @throws what was violated */
  readonly runSeed: (seed: number) => Readonly<Record<string, number>>
}

export async function buildCore(bug?: PlantedBug): Promise<CoreBuild> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-sim-'))
  mkdirSync(join(directory, 'node_modules'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  const fastCheck = dirname(createRequire(import.meta.url).resolve('fast-check/package.json'))
  symlinkSync(fastCheck, join(directory, 'node_modules/fast-check'))
  for (const name of readdirSync(source).filter(isNeeded)) {
    const text = readSource(name)
    const planted = bug?.file === name ? plant(text, bug) : text
    const { outputText } = ts.transpileModule(planted, { compilerOptions })
    writeFileSync(join(directory, name.replace(/\.ts$/, '.js')), outputText)
  }
  const entry = pathToFileURL(join(directory, 'simulation-seed.test-support.js')).href
  const { runSeed } = (await import(/* @vite-ignore */ entry)) as Pick<CoreBuild, 'runSeed'>
  return { directory, runSeed }
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
export function readSource(name: string): string {
  return readFileSync(join(source, name), 'utf8')
}

/** @throws when the source has changed so that the bug cannot be planted any more */
export function plant(text: string, { name, find, replace }: PlantedBug): string {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`cannot plant “${name}”: its place is not there once`)
  return parts.join(replace)
}
