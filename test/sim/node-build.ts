/**
 * Compiles all that a simulated member is made of into a directory of its own, from source, so that a
 * bug can be planted in any file of it. The packages there import each other's copies; everything
 * else comes from where the originals take it.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

const PACKAGES = ['protocol', 'raft', 'coordinator', 'client', 'testkit'] as const

/** Of a package, not of ours: what it imports besides. */
const OWN_SCOPE = '@holdfast'

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
}

export interface Edit {
  /** Below `packages`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

export interface NodeBug {
  /** In the list of bugs that a tester of a coordinator should be shown; see README.md. */
  readonly number?: number
  readonly name: string
  readonly edits: readonly Edit[]
}

export interface NodeBuild {
  readonly directory: string
  /** To be imported for `runNodeSeed`. */
  readonly entry: string
  /**
   * Changes the copy. What it returns takes the bug out again.
   * @throws when the source has changed so that the bug cannot be planted any more
   */
  readonly plant: (bug: NodeBug) => () => void
  readonly remove: () => void
}

export function buildNode(): NodeBuild {
  const root = findRoot(import.meta.dirname)
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-node-sim-'))
  const sources = new Map<string, string>()
  for (const name of PACKAGES) {
    const [from, to] = [join(root, 'packages', name), join(directory, 'packages', name)]
    mkdirSync(to, { recursive: true })
    cpSync(join(from, 'package.json'), join(to, 'package.json'))
    linkDependencies(from, to)
    for (const file of readdirSync(join(from, 'src'), { recursive: true, encoding: 'utf8' })) {
      if (!isNeeded(file)) continue
      const path = `${name}/src/${file}`
      const text = readFileSync(join(from, 'src', file), 'utf8')
      sources.set(path, text)
      compile(directory, path, text)
    }
  }
  const dist = join(directory, 'packages/testkit/dist/simulation/run-seed.js')
  return {
    directory,
    entry: pathToFileURL(dist).href,
    plant: (bug) => {
      const planted = plantAll(sources, bug)
      for (const [path, text] of planted) compile(directory, path, text)
      return () => {
        for (const path of planted.keys()) compile(directory, path, sources.get(path) ?? '')
      }
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}

/** The files that the bug changes, with its changes in them. */
function plantAll(sources: ReadonlyMap<string, string>, bug: NodeBug): ReadonlyMap<string, string> {
  const planted = new Map<string, string>()
  for (const { file, find, replace } of bug.edits) {
    const parts = (planted.get(file) ?? sources.get(file) ?? '').split(find)
    if (parts.length !== 2)
      throw new Error(`cannot plant “${bug.name}”: its place is not there once`)
    planted.set(file, parts.join(replace))
  }
  return planted
}

/** @throws what is wrong with its syntax */
function compile(directory: string, path: string, text: string): void {
  const { outputText, diagnostics } = ts.transpileModule(text, {
    compilerOptions,
    fileName: path,
    reportDiagnostics: true,
  })
  const [problem] = diagnostics ?? []
  if (problem !== undefined) {
    throw new Error(`${path}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`)
  }
  const target = join(directory, 'packages', path.replace('/src/', '/dist/')).replace(/ts$/, 'js')
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, outputText)
}

function linkDependencies(from: string, to: string): void {
  const modules = join(from, 'node_modules')
  mkdirSync(join(to, 'node_modules', OWN_SCOPE), { recursive: true })
  for (const name of PACKAGES) {
    symlinkSync(join(dirname(to), name), join(to, 'node_modules', OWN_SCOPE, name))
  }
  if (!existsSync(modules)) return
  for (const name of readdirSync(modules)) {
    if (name === OWN_SCOPE || name.startsWith('.')) continue
    symlinkSync(realpathSync(join(modules, name)), join(to, 'node_modules', name))
  }
}

/** This runs as TypeScript and as JavaScript, at different depths. */
function findRoot(directory: string): string {
  return existsSync(join(directory, 'pnpm-workspace.yaml'))
    ? directory
    : findRoot(dirname(directory))
}

function isNeeded(name: string): boolean {
  return name.endsWith('.ts') && !/\.(test|test-support|bench)\.ts$/.test(name)
}
