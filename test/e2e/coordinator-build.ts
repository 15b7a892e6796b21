/**
 * A copy of the built coordinator in a directory of its own, in which constants and calls may be
 * other ones: limits that a short run meets, faults that a test must find. Programs that only tests
 * need are compiled into it.
 */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'

export interface Change {
  /** Below `dist`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

export interface CoordinatorBuild {
  readonly directory: string
  /** The path of a module, as it is named below `src`, without its ending. */
  readonly modulePath: (name: string) => string
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
}

/** @param programs modules below `src` that are not in the package, without their endings */
export function copyCoordinator(
  changes: readonly Change[],
  programs: readonly string[],
): CoordinatorBuild {
  const home = join(findRoot(import.meta.dirname), 'packages/coordinator')
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-build-')))
  const modulePath = (name: string): string => join(directory, 'dist', `${name}.js`)
  copyModules(join(home, 'dist'), join(directory, 'dist'))
  cpSync(join(home, 'package.json'), join(directory, 'package.json'))
  symlinkSync(join(home, 'node_modules'), join(directory, 'node_modules'))
  for (const change of changes) plant(join(directory, 'dist', change.file), change)
  for (const name of programs) {
    const source = readFileSync(join(home, 'src', `${name}.ts`), 'utf8')
    const { outputText } = ts.transpileModule(source, { compilerOptions })
    writeFileSync(modulePath(name), outputText)
  }
  return { directory, modulePath }
}

/** Without source maps, whose sources would not be where they say. */
function copyModules(from: string, to: string): void {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyModules(source, target)
    else if (entry.name.endsWith('.js')) {
      writeFileSync(target, readFileSync(source, 'utf8').replace(/^\/\/# sourceMapping.*$/m, ''))
    }
  }
}

/** @throws when the source has changed so that the change cannot be made any more */
function plant(path: string, { file, find, replace }: Change): void {
  const parts = readFileSync(path, 'utf8').split(find)
  if (parts.length !== 2) throw new Error(`“${find}” is not there once in ${file}`)
  writeFileSync(path, parts.join(replace))
}

/** This runs as TypeScript and as JavaScript, at different depths. */
function findRoot(directory: string): string {
  return existsSync(join(directory, 'pnpm-workspace.yaml'))
    ? directory
    : findRoot(dirname(directory))
}
