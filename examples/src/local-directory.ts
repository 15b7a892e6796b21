/**
 * Where an example keeps its data: in the directory given on the command line, or else in one that is
 * thrown away at the end.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface LocalDirectory extends Disposable {
  readonly path: string
}

export function localDirectory(): LocalDirectory {
  const [given] = process.argv.slice(2)
  if (given?.includes('://') === true) throw new Error(`${given} is no directory`)
  if (given !== undefined) return { path: given, [Symbol.dispose]: () => undefined }
  const path = mkdtempSync(join(tmpdir(), 'holdfast-example-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}
